"""Names of England's communities with roots abroad, for the demonstration hospital.

Each community has given names of the older and of the younger generation. Lists are ordered from
common to rare; an underscore stands for a space. Women's family names are listed apart where the
custom differs (Kaur, Begum, the Polish -ska).
"""

from __future__ import annotations

PAKISTANI_MEN = (
    """Mohammed Muhammad Abdul Ghulam Khalid Tariq Mahmood Nazir Bashir Rashid Javed Iqbal Akhtar
    Zafar Arshad Sajid Shabir Riaz Pervez Liaqat Yaqub Karamat Nawaz Manzoor Zulfiqar""",
    """Mohammed Muhammad Ali Hassan Usman Bilal Hamza Imran Zain Ibrahim Adeel Faisal Kamran Omar
    Haris Yusuf Danyal Awais Shahid Zeeshan Asad Junaid Musa Eesa Rayyan Ayaan""",
)
PAKISTANI_WOMEN = (
    """Nasreen Parveen Shamim Zahida Fatima Naseem Rukhsana Khalida Shahida Razia Kausar Safia
    Zubaida Maqsooda Ghulam_Fatima Sughra Yasmin Rehana Surriya Tahira""",
    """Aisha Fatima Maryam Zainab Sana Saima Hina Amina Iqra Khadija Sadia Alisha Mahnoor Hafsa
    Zara Noor Ayesha Aleena Nadia Shazia Samina Anam Rabia Inaya""",
)
PAKISTANI_FAMILY = """Khan Hussain Ahmed Ali Iqbal Mahmood Akhtar Shah Mirza Malik Butt Chaudhry
    Raja Qureshi Bhatti Rashid Aslam Rehman Javed Saeed Siddiqui Sheikh Awan Dar Kayani Abbasi
    Nawaz Mughal Baig Hashmi Bukhari Zaman"""
PAKISTANI_FAMILY_WOMEN = """Begum Bibi Akhtar Khan Hussain Kauser Ahmed Parveen Ali Bi Iqbal Shah
    Malik Mahmood Mirza Butt Qureshi Chaudhry Rashid Aslam Rehman Siddiqui Sheikh Awan Abbasi
    Baig"""

INDIAN_MEN = (
    """Rajesh Ramesh Suresh Mahesh Dinesh Kantilal Jayantilal Bharat Ashok Harish Vijay Prakash
    Navin Arvind Chandrakant Mohanlal Hasmukh Dilip Kishor Natwarlal Subramaniam Venkatesh""",
    """Amit Rahul Nikhil Rohan Arjun Vikram Sanjay Anand Kunal Karan Aarav Dev Jay Krishan Neel
    Aryan Pranav Siddharth Rishi Ishaan Vivaan Hari Aditya Kiran""",
)
INDIAN_WOMEN = (
    """Kamla Pushpa Savita Manjula Shanta Urmila Hansa Kokila Lalita Nirmala Sarla Indira Jaya
    Vasanti Saroj Usha Rekha Damyanti Bharti Taraben""",
    """Priya Anjali Nisha Pooja Meera Anita Deepa Kavita Sonal Neha Diya Ananya Riya Aisha Isha
    Shreya Tanvi Lakshmi Radha Jyoti Kajal Mira Saanvi Avni""",
)
INDIAN_FAMILY = """Patel Shah Sharma Desai Mistry Joshi Mehta Gupta Chauhan Parmar Solanki Kapoor
    Rao Lad Modi Trivedi Bhatt Pandya Thakkar Vora Amin Nair Iyer Menon Reddy Krishnan Agarwal
    Verma Banerjee Mukherjee Das Pillai Fernandes Thomas D'Souza Kotecha Raval Gohil Vaghela"""

SIKH_MEN = (
    """Gurdial Mohinder Harbhajan Jaswant Balbir Surjit Kulwant Avtar Sukhdev Gurmit Jagjit Darshan
    Pritam Ajit Kartar Nirmal Amrik Mukhtiar Sohan Piara""",
    """Harpreet Gurpreet Manjit Jaspal Sukhvinder Amandeep Navdeep Ranjit Inderjit Jasdeep Arjan
    Jeevan Karam Fateh Kirpal Tejpal Baljinder Simran Harjot""",
)
SIKH_WOMEN = (
    """Gurdev Mohinder Surinder Balbir Harbans Swaran Jaswant Kulwant Ajit Nirmal Pritam Gurmit
    Charanjit Joginder Satnam Davinder Rajinder""",
    """Harpreet Jasmeet Manpreet Kiranjit Sukhpreet Amrit Navneet Simran Jasleen Gurleen Rupinder
    Baljit Parminder Sandeep Ravinder Anoop Mehar Asha""",
)
SIKH_FAMILY = """Singh Gill Sidhu Dhillon Sandhu Grewal Sahota Bains Johal Dosanjh Uppal Atwal Mann
    Bassi Virdee Bhogal Panesar Kang Purewal Rai Samra Hothi Nijjar Randhawa Chahal"""
SIKH_FAMILY_WOMEN = """Kaur Gill Sidhu Dhillon Sandhu Grewal Sahota Bains Johal Dosanjh Atwal Mann
    Virdee Bhogal Panesar Kaur_Gill Kaur_Sidhu Rai Samra Hothi Randhawa"""

BANGLADESHI_MEN = (
    """Abdul Mohammed Shamsul Nurul Md Rafiqul Anwar Mozammil Abdus Ashik Harun Siraj Moinul Lutfur
    Gias Khalilur Tofazzal Surab Mashuk Azizur""",
    """Mohammed Shafiqul Jubair Tanvir Rahim Kamrul Ruhel Sabbir Ayaan Yusuf Zakir Imran Hasan
    Nahid Saiful Tahmid Ridwan Ibrahim Aminul Shahriar""",
)
BANGLADESHI_WOMEN = (
    """Rahima Amina Shahana Monwara Rokeya Jahanara Sufia Halima Khaleda Anwara Nurjahan Momtaz
    Rabeya Hasina Fultera Safura Golapi""",
    """Nazma Shirin Farhana Tahmina Nasima Sultana Ruksana Taslima Jannat Maisha Samia Tasnim
    Nusrat Sumaiya Fahmida Ayesha Maryam Raisa""",
)
BANGLADESHI_FAMILY = """Miah Ali Ahmed Rahman Hussain Uddin Islam Khan Choudhury Hoque Alam Kabir
    Haque Chowdhury Sarkar Talukdar Mia Karim Ullah Molla Bhuiyan Khondokar Quddus"""
BANGLADESHI_FAMILY_WOMEN = """Begum Khatun Akter Khanom Bibi Rahman Ahmed Chowdhury Sultana
    Choudhury Ali Islam Miah Hussain Khan Nessa Uddin"""

CHINESE_MEN = (
    """Wai_Ming Kwok_Keung Chi_Wah Kam_Fai Yuk_Sang Tak_Ming Shu_Fun Hon_Wing Kin_Man Jianguo
    Guoqiang Weiming Peter Raymond""",
    """Wei Hao Jun Kevin Jason Ka_Ho Chun_Hei Yuchen Zihan Haoran Tsz_Hin Alvin Ryan Lok_Yin
    Ming Lei Bo Xiang Ethan""",
)
CHINESE_WOMEN = (
    """Mei_Ling Siu_Fong Lai_Ping Yuk_Lan Suk_Yee Wai_Han Kam_Lin Fung_Ying Xiulan Guiying Yulan
    Oi_Lin Grace""",
    """Ying Xin Yan Hoi_Ching Wing_Yan Jessica Lok_Yiu Zixuan Yutong Tsz_Ching Vivian Michelle
    Jing Li Na Xiaomei Joyce Sze_Wing""",
)
CHINESE_FAMILY = """Chan Wong Li Lee Cheung Lam Ng Ho Leung Wang Zhang Chen Liu Lau Tang Yip Cheng
    Tsang Man Yeung Huang Zhao Wu Zhou Xu Sun Lin Lo Mak Fung Kwok Hui Poon Tse Au-Yeung"""

NIGERIAN_MEN = (
    """Emmanuel Samuel Joseph Babatunde Olusegun Adebayo Chukwuemeka Ikechukwu Sunday Festus Godwin
    Olufemi Augustine Adewale Obinna Nnamdi Musa Ibrahim""",
    """David Daniel Emmanuel Oluwaseun Tobi Chidi Emeka Ayomide Temitope Joshua Femi Kelechi
    Chinedu Toluwani Olamide Ifeanyi Korede Jeremiah Uche""",
)
NIGERIAN_WOMEN = (
    """Grace Comfort Folasade Florence Ngozi Abimbola Esther Adaeze Bolanle Victoria Modupe
    Patience Titilayo Beatrice Chinwe Olufunke""",
    """Blessing Oluwatosin Chioma Amara Temitope Favour Ifeoma Adaora Tolulope Deborah Precious
    Zainab Simisola Ayomide Chiamaka Peace Morenike""",
)
NIGERIAN_FAMILY = """Adeyemi Okafor Ojo Adebayo Okonkwo Balogun Eze Adeleke Ogunleye Nwosu Williams
    Obi Afolabi Olawale Chukwu Oladipo Akinola Bello Nwachukwu Igwe Ogunbanjo Oyelaran Johnson
    Adekunle Onyeka Babangida Ekwueme Osagie Etim Udoh Aina-Oluwole"""

GHANAIAN_MEN = (
    """Kwame Kofi Kwabena Yaw Kwaku Samuel Emmanuel Isaac Ebenezer Kwasi Joseph Francis Nana""",
    """Kofi Kwame Nathaniel Jeremy Emmanuel Kojo Joel Caleb Yaw Elijah Kwaku Michael Jayden""",
)
GHANAIAN_WOMEN = (
    """Akosua Abena Comfort Mercy Grace Adwoa Felicia Esther Yaa Beatrice Afia Agnes Charity""",
    """Abena Ama Esi Akua Gifty Nana_Yaa Michelle Adjoa Priscilla Vanessa Efua Serwaa Deborah""",
)
GHANAIAN_FAMILY = """Mensah Owusu Boateng Osei Asante Appiah Amoah Agyemang Antwi Acheampong Addo
    Boakye Adjei Frimpong Asamoah Sarpong Ofori Opoku Darko Gyamfi Kuffour Ansah Quaye Tetteh"""

SOMALI_MEN = (
    """Mohamed Abdi Ahmed Hassan Ali Omar Yusuf Ibrahim Abdullahi Farah Jama Osman Warsame
    Dahir""",
    """Mohamed Abdirahman Abdullahi Mustafa Zakaria Ayub Liban Guled Khalid Bilal Hamza
    Sakariye""",
)
SOMALI_WOMEN = (
    """Fadumo Halimo Amina Khadija Maryan Sahra Asha Hawa Zeinab Faduma Shukri Habiba Dahabo""",
    """Hodan Ayan Ifrah Fatima Hamdi Nimco Sumaya Ikram Naima Safiya Hibo Idil Amal Muna""",
)
SOMALI_FAMILY = """Mohamed Ali Hassan Ahmed Abdi Omar Yusuf Ibrahim Warsame Farah Jama Hussein
    Osman Abdullahi Nur Adan Dirie Elmi Egal Aden Isse Mohamud Sheikh Duale"""

CARIBBEAN_MEN = (
    """Winston Clifton Leroy Neville Desmond Carlton Vincent Lloyd Delroy Errol Rudolph Cecil
    Everton Egbert Alphonso Glenford Roy Trevor Wilfred Clive""",
    """Marcus Andre Jermaine Tyrone Nathan Dwayne Jamal Leon Aaron Curtis Kieran Malachi Isaiah
    Reuben Tyrell Elijah Jerome Kyle Zion Theo""",
)
CARIBBEAN_WOMEN = (
    """Sylvia Beverley Merlene Hyacinth Icilda Gloria Verona Pearl Enid Myrtle Cynthia Norma Avis
    Eulalee Daphne Claudette Marva Ivy Doreen Lorna""",
    """Chantelle Natasha Simone Jade Kezia Shanice Leah Naomi Tanisha Candice Renée Aaliyah
    Keisha Nia Zuri Sade Imani Alesha Rochelle""",
)
CARIBBEAN_FAMILY = """Brown Campbell Williams Smith Johnson Clarke Thompson Grant Reid Morgan
    Gordon Francis Edwards Bailey Lewis Henry James Powell Walters Bryan Stewart Wright Samuels
    Lindo McKenzie Blake Burke Ferdinand St_Louis Joseph Charles Augustine Baptiste Pierre
    Sinclair"""

POLISH_MEN = (
    """Jan Stanisław Kazimierz Józef Zbigniew Jerzy Tadeusz Andrzej Henryk Czesław Marek
    Krzysztof""",
    """Piotr Paweł Tomasz Marcin Michał Łukasz Jakub Mateusz Kacper Filip Adam Szymon Antoni
    Wojciech Oskar Dawid Igor Bartosz Rafał""",
)
POLISH_WOMEN = (
    """Maria Zofia Krystyna Danuta Halina Jadwiga Irena Teresa Barbara Elżbieta Stanisława""",
    """Anna Katarzyna Agnieszka Małgorzata Magdalena Joanna Aleksandra Zuzanna Julia Maja Lena
    Hanna Natalia Wiktoria Oliwia Ewa Monika Karolina""",
)
POLISH_FAMILY = """Nowak Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński
    Szymański Woźniak Dąbrowski Kozłowski Jankowski Mazur Krawczyk Piotrowski Grabowski Zając
    Pawłowski Michalski Król Wieczorek Jabłoński Wróbel Stępień Górski Sikora Walczak"""
POLISH_FAMILY_WOMEN = """Nowak Kowalska Wiśniewska Wójcik Kowalczyk Kamińska Lewandowska Zielińska
    Szymańska Woźniak Dąbrowska Kozłowska Jankowska Mazur Krawczyk Piotrowska Grabowska Zając
    Pawłowska Michalska Król Wieczorek Jabłońska Wróbel Stępień Górska Sikora Walczak"""

ROMANIAN_MEN = (
    """Ion Gheorghe Vasile Constantin Nicolae Dumitru Mihai Petru Ștefan Florin""",
    """Andrei Alexandru Ionuț Cristian Mihai Adrian Bogdan Gabriel David Luca Matei Răzvan
    Darius""",
)
ROMANIAN_WOMEN = (
    """Maria Elena Ioana Ana Mariana Doina Floarea Viorica Rodica Lucia""",
    """Andreea Alexandra Mihaela Cristina Simona Ioana Gabriela Sofia Daria Ștefania Bianca
    Larisa""",
)
ROMANIAN_FAMILY = """Popa Popescu Ionescu Radu Dumitru Stan Stoica Gheorghe Matei Ciobanu Rusu
    Munteanu Moldovan Constantin Șerban Lazăr Florea Dinu Ardelean Lungu Țăran Crăciun"""

PORTUGUESE_MEN = (
    """José António Manuel João Carlos Francisco Joaquim Fernando Luís""",
    """João Pedro Tiago Diogo Miguel Rui Bruno Rafael Gonçalo Martim Lucas""",
)
PORTUGUESE_WOMEN = (
    """Maria Ana Fernanda Isabel Rosa Conceição Teresa Lurdes Fátima""",
    """Ana Inês Mariana Beatriz Carla Sandra Matilde Leonor Patrícia Sofia""",
)
PORTUGUESE_FAMILY = """Silva Santos Ferreira Pereira Oliveira Costa Rodrigues Martins Sousa
    Fernandes Gonçalves Gomes Lopes Marques Almeida Ribeiro Carvalho Teixeira Mendes da_Silva
    dos_Santos"""

ARABIC_MEN = (
    """Mohammed Ahmed Ali Hassan Hussein Abdullah Khalil Mahmoud Salim Yousef Nasser Saleh""",
    """Omar Yousef Kareem Mustafa Tariq Zaid Amir Khaled Adam Bilal Samir Anas Laith Hamza""",
)
ARABIC_WOMEN = (
    """Fatima Zahra Khadija Samira Huda Nadia Salma Latifa Najat Amal Karima""",
    """Layla Noor Yasmin Mariam Sara Rania Dina Lina Hala Zeinab Aya Jana Reem Tasneem""",
)
ARABIC_FAMILY = """Al-Hassan Ahmed Ibrahim Al-Masri Saleh Hussein Khalil Mansour Al-Jabouri Haddad
    El-Sayed Nasser Abdulla Al-Amin Benali Said Hamdan Youssef Al-Rashid Qasim Ben_Ahmed Aziz"""

TURKISH_MEN = (
    """Mehmet Mustafa Ahmet Ali Hüseyin Hasan İbrahim Osman Kemal Süleyman Rıza""",
    """Emre Burak Can Murat Kaan Deniz Ozan Yusuf Eren Baran Serkan Azad Rojda""",
)
TURKISH_WOMEN = (
    """Fatma Ayşe Emine Hatice Zeynep Gülten Sevgi Meryem Hülya Şerife""",
    """Elif Zeynep Merve Esra Defne Ebru Ceren Selin Berfin Dilan Yağmur Gül""",
)
TURKISH_FAMILY = """Yılmaz Kaya Demir Şahin Çelik Yıldız Yıldırım Öztürk Aydın Özdemir Arslan Doğan
    Kılıç Aslan Çetin Kara Koç Kurt Özkan Şimşek Polat Güneş Osman Hasan Mehmet"""

FILIPINO_MEN = (
    """Rogelio Eduardo Ernesto Antonio Ramon Danilo Reynaldo Virgilio""",
    """Mark John_Paul Christian Jerome Angelo Joshua Miguel Gabriel""",
)
FILIPINO_WOMEN = (
    """Maria Corazon Rosario Lourdes Teresita Erlinda Imelda Cristina""",
    """Maricel Jennifer Angelica Mary_Grace Kristine Rowena Althea Bea""",
)
FILIPINO_FAMILY = """Santos Reyes Cruz Bautista Ocampo Garcia Mendoza dela_Cruz Villanueva Ramos
    Aquino Castillo Domingo Salazar Manalo Pangilinan Macaraeg Peña"""

AFGHAN_MEN = (
    """Abdul Mohammad Ghulam Rahmatullah Hamid Nasir Reza Hossein Karim""",
    """Ahmad Farhad Navid Arman Reza Milad Zabihullah Omid Idris Yasin""",
)
AFGHAN_WOMEN = (
    """Zahra Fatema Parwin Maryam Shukria Soraya Roya Nasrin""",
    """Freshta Yalda Sahar Parisa Shirin Setareh Hosna Mina Arezo""",
)
AFGHAN_FAMILY = """Ahmadi Rahimi Karimi Mohammadi Hosseini Azizi Noori Haidari Sharifi Safi
    Stanikzai Rezai Popal Amiri Wardak Yousafzai Barzani Moradi"""
