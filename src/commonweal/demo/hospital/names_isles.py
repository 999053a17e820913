"""Names of the communities of Britain and Ireland, by birth cohort.

Written from general knowledge of which names were common when. Each text is ordered from common
to rare; an underscore stands for a space. No list belongs to a real person.
"""

from __future__ import annotations

COHORTS = (1940, 1960, 1980, 2000)
"""Birth years at which the English given names change; five cohorts."""

ENGLISH_MEN = (
    """John William George James Thomas Arthur Ronald Frank Albert Ernest Harold Leonard Frederick
    Kenneth Stanley Charles Norman Eric Joseph Reginald Dennis Jack Walter Sidney Leslie Alfred
    Robert Raymond Gordon Henry Cyril Edward Douglas Herbert Wilfred Bernard Donald Victor Percy
    Clifford Cecil Horace Maurice Geoffrey Edwin Roy Hubert Lionel Edgar Wallace Archibald""",
    """John David Michael Peter Robert Brian Alan William James Anthony Kenneth Keith Roger Derek
    Colin Malcolm Terence Barry Raymond Trevor Geoffrey Graham Christopher Richard Patrick Thomas
    Roy Dennis Ronald George Paul Stephen Philip Martin Edward Clive Leslie Norman Donald Gordon
    Rodney Maurice Frederick Gerald Bernard Neville Stuart Ivor Howard Nigel Desmond Clifford""",
    """David Paul Andrew Mark Stephen Michael Ian Gary Robert Richard Peter John Anthony
    Christopher Darren Kevin Martin Simon Philip Graham Colin Adrian Nigel Alan Neil Timothy Stuart
    Wayne Jason Lee Matthew James Jonathan Nicholas Sean Craig Steven Carl Dean Shaun Karl Trevor
    Barry Glenn Russell Julian Dominic Keith Gavin Duncan Damian Guy Jeremy Clive Rupert Giles""",
    """Christopher James David Daniel Michael Matthew Andrew Richard Paul Thomas Mark Adam Ryan
    Jonathan Lee Robert Ben Luke Jack Joshua Samuel Craig Joseph Liam Jordan Alexander Benjamin
    Stephen William Nathan Stuart Simon Anthony Jamie Kieran Aaron Ashley Scott Kyle Lewis Connor
    Callum Bradley Dean Gareth Edward George Charles Dominic Elliot Marcus Toby Damien Rhys""",
    """Oliver Jack Harry Noah George Thomas Jacob Charlie Joshua William James Alfie Oscar Leo
    Muhammad Archie Henry Ethan Joseph Freddie Samuel Alexander Logan Daniel Isaac Max Mason Lucas
    Edward Harrison Jake Dylan Riley Theo Finley Jayden Tyler Connor Callum Luke Arthur Reuben
    Toby Rory Elijah Albie Luca Arlo Teddy Sonny Tommy Ronnie Jude Hugo Louie Zachary Kai Ellis
    Frankie Jenson Bobby Reggie Roman Kian Blake Caleb Rupert Otis Ezra Jaxon""",
)

ENGLISH_WOMEN = (
    """Margaret Mary Doris Joan Dorothy Kathleen Jean Joyce Edith Elsie Irene Vera Winifred Gladys
    Phyllis Hilda Marjorie Ivy Florence Barbara Betty Lilian Ethel Muriel Sheila Audrey Eileen
    Constance Violet Nora Mabel Alice Ada Annie Beryl Freda Olive Nellie Marion Stella Eva Rose
    Daphne Enid Elizabeth Agnes Gwendoline Peggy Hazel Monica Ida Maud Queenie Ruby Millicent""",
    """Margaret Susan Christine Patricia Jean Barbara Linda Ann Maureen Carol Janet Pauline Sheila
    Mary Sandra Valerie Brenda Judith Marion Jennifer Gillian Shirley Elizabeth Pamela Kathleen
    Joan Dorothy Rosemary Marilyn Hilary Diane Lesley Sylvia Joyce Eileen Wendy Doreen Beryl
    Josephine Glenys Frances Yvonne Rita Heather Hazel Lynda Geraldine Daphne Moira Veronica""",
    """Susan Julie Karen Jacqueline Deborah Tracey Jane Helen Diane Sharon Alison Sarah Amanda
    Nicola Joanne Lisa Michelle Angela Caroline Elizabeth Catherine Tracy Wendy Dawn Louise Paula
    Lesley Samantha Lorraine Gillian Jill Beverley Donna Claire Mandy Maxine Debra Melanie Kim
    Andrea Rachel Heather Teresa Anne-Marie Fiona Denise Sally Elaine Rebecca Ruth Bridget Zoë""",
    """Sarah Laura Gemma Emma Rebecca Claire Victoria Samantha Rachel Amy Jennifer Nicola Katie
    Lauren Kelly Natalie Jessica Charlotte Stephanie Hannah Danielle Kirsty Louise Leanne Stacey
    Hayley Michelle Chloe Sophie Zoe Lisa Catherine Helen Kimberley Melissa Jade Emily Bethany
    Lucy Megan Abigail Alexandra Holly Kerry Carly Naomi Georgina Chantelle Shelley Toni Eleanor
    Lindsay Anna Ruth Philippa Harriet Francesca""",
    """Olivia Amelia Emily Isla Ava Jessica Isabella Lily Ella Mia Sophie Grace Evie Poppy Ruby
    Charlotte Chloe Freya Daisy Alice Florence Sophia Phoebe Matilda Millie Elsie Rosie Lucy Holly
    Megan Ellie Molly Erin Abigail Hannah Scarlett Imogen Layla Maisie Willow Ivy Harper Eleanor
    Bethany Summer Amber Lola Esme Thea Zara Aria Jasmine Georgia Orla Violet Maya Robyn Darcey
    Eliza Nancy Penelope Skye Tilly Bonnie Lacey Niamh Ottilie Martha Summer-Rose Gracie-Mae
    Zoë Chloë Keira Kayleigh""",
)

ENGLISH_FAMILY = """Smith Jones Taylor Brown Williams Wilson Johnson Davies Robinson Wright
    Thompson Evans Walker White Roberts Green Hall Wood Jackson Clarke Clark Harrison Scott Cooper
    Harris Ward Martin Morris Turner Hill Moore Baker Allen Shaw Lee Parker Cook Bennett Mitchell
    Richardson Watson Carter Bailey Collins Bell Cox Price Marshall Simpson Richards Mason Knight
    Ellis Webb Barnes Chapman Mills Rogers Stevens Palmer Fletcher Matthews Holmes Lloyd Pearson
    Hunt Butler Adams Barker Jenkins Fisher Powell Lewis Dixon Foster Gibson Lawrence Elliott
    Rose Hughes Saunders Armstrong Dawson Day Burton Booth Newman Walsh Atkinson Reynolds Francis
    Andrews Bradley Hart Lane Cole Watts Spencer Ball Wells Gardner Berry Gregory West Austin
    Field Carr Bird Payne Webster Bishop Holland Jordan Hudson Perry Warren Woods Osborne Barrett
    Oliver Burgess Page Wheeler Harper Nicholson Long Lowe Newton Norris Hopkins Goodwin Stone
    Hancock French Sutton Potts Hawkins Swift Nash Porter Kemp Hodgson Gilbert Tucker Sharp Bates
    Curtis Fox Pritchard Freeman Parsons Coleman Bull Slater Pope Dean Summers Bond Vaughan Winter
    Frost Cross Peacock Weston Rowe Lord Wilkins Baldwin Humphreys May Drake Sanders Thorpe Griffin
    Quick Battersby Longbottom Sidebottom Ramsbottom Postlethwaite Featherstone Golightly Thackeray
    Chatterton Entwistle Fairweather Gathercole Hollingsworth Inglethorpe Jessop Kitchener
    Lovelock Micklethwaite Nettleship Oldroyd Pickersgill Quartermaine Rowbotham Satterthwaite
    Tattersall Underhill Venables Wolstenholme Yardley O'Brien O'Neill D'Arcy St_John de_Souza
    Fitzwilliam Brontë Smith-Jones Fenwick-Hall"""

ENGLISH_HEADS = """Ash Bar Black Brad Brook Cald Chat Clay Col Crom Den Ding Eg Far Gar Hal Har
    Hart Hay Hex Hol Hor Kirk Lang Lin Mar Mel Mid Nor Oak Pem Ram Row Shel Stan Sut Thorn Wal Whit
    Wet Win Wood Wyn Yel"""
ENGLISH_TAILS = """worth ley ton ham by field well wick more den ford croft shaw thorpe stead combe
    bourne hurst dale grave man bridge"""

WELSH_MEN = (
    """David John Thomas William Gwyn Emrys Ivor Idris Glyn Elwyn Trefor Dilwyn Hywel Alun Iorwerth
    Gareth Dewi Huw Geraint Aneurin Gwilym Eifion Vaughan Meurig""",
    """Gareth Rhys Huw Dafydd Owain Ieuan Geraint Aled Rhodri Gethin Iwan Dylan Ioan Evan Osian
    Macsen Harri Morgan Llŷr Siôn Tomos Elis Emrys""",
)
WELSH_WOMEN = (
    """Megan Mair Gwen Eluned Olwen Blodwen Myfanwy Ceridwen Nesta Gwyneth Menna Eirlys Glenys
    Rhiannon Dilys Enid Morfydd Gwenda Eirwen Sian""",
    """Sian Rhian Bethan Carys Nia Catrin Angharad Ffion Cerys Seren Lowri Mali Cadi Efa Elin
    Non Siân Alys Eleri Heledd Tegan Gwenllian""",
)
WELSH_FAMILY = """Jones Davies Williams Evans Thomas Roberts Lewis Hughes Morgan Griffiths Edwards
    Owen James Rees Jenkins Price Phillips Lloyd Parry Llewellyn Powell Bowen Pugh Vaughan Watkins
    Howell Pritchard Probert Gwynne Beynon Ap_Rhys Prosser Bevan Meredith Tudor"""

SCOTTISH_MEN = (
    """James John William Robert Alexander Thomas George Andrew Duncan Hamish Donald Angus
    Archibald Ronald Hector Murdo Fergus Kenneth Alasdair Iain Gordon Malcolm""",
    """Andrew Craig Stuart Fraser Ross Callum Euan Lewis Cameron Angus Finlay Rory Blair Struan
    Gregor Innes Lachlan Murray Calum Brodie Harris Alasdair""",
)
SCOTTISH_WOMEN = (
    """Margaret Agnes Isabella Jean Catherine Elizabeth Mary Morag Moira Elspeth Senga Sheena
    Jessie Flora Effie Fiona Aileen Isobel Rhona Una""",
    """Fiona Kirsty Eilidh Catriona Mhairi Isla Skye Ailsa Shona Lorna Morven Iona Rhona Heather
    Kirsten Ainsley Maisie Orla Freya Catrìona""",
)
SCOTTISH_FAMILY = """MacDonald Campbell Stewart Robertson Thomson Anderson Murray MacLeod Reid
    Clark Ross Morrison Paterson Fraser Gray Cameron McKenzie MacKay Hamilton Graham Kerr Johnston
    Duncan Ferguson Hunter Simpson Grant Sinclair Wallace Munro Buchanan McIntyre McGregor Drummond
    Sutherland Galbraith Menzies Colquhoun Farquharson Auchterlonie McPhail"""

IRISH_MEN = (
    """Patrick John Michael James Thomas William Daniel Sean Joseph Martin Brendan Cornelius Dermot
    Declan Eamonn Gerard Kevin Liam Noel Finbarr Bartholomew Seán""",
    """Sean Liam Conor Declan Aidan Ciaran Brendan Eoin Cian Fionn Oisín Rory Darragh Cillian
    Niall Ronan Shane Padraig Tadhg Cormac Diarmuid Seán""",
)
IRISH_WOMEN = (
    """Mary Bridget Kathleen Margaret Nora Eileen Maureen Teresa Josephine Breda Nuala Philomena
    Concepta Deirdre Bernadette Una Sheila Attracta Carmel Máire""",
    """Siobhan Aoife Niamh Ciara Sinead Orla Roisin Grainne Caoimhe Clodagh Saoirse Eimear Maeve
    Aisling Fionnuala Róisín Sinéad Bríd Deirdre Oonagh""",
)
IRISH_FAMILY = """Murphy Kelly O'Sullivan Walsh O'Brien Byrne Ryan O'Connor O'Neill O'Reilly
    Doyle McCarthy Gallagher O'Doherty Kennedy Lynch Murray Quinn Moore McLoughlin O'Carroll
    Connolly Daly O'Connell Wilson Dunne Brennan Burke Collins Clarke Johnston Hughes O'Farrell
    Fitzgerald Brown Martin Maguire Nolan Flynn Thompson O'Callaghan O'Donnell Duffy O'Mahony
    Boyle Healy O'Shea White Sweeney Hayes Kavanagh Power McGrath Moran Brady Ó_Briain
    Ní_Dhomhnaill Mac_Giolla"""

TRAVELLER_FAMILY = """Smith Lee Price Boswell Cooper Buckland Loveridge Penfold Ayres Heron Ward
    Maughan McDonagh Connors Doran Sheridan Cash Stokes Quilligan Rooney"""

JEWISH_MEN = (
    """David Harold Sidney Leonard Bernard Maurice Solomon Isaac Jacob Samuel Abraham Hyman
    Mordechai Morris Ephraim Lionel Monty Cyril Saul Benjamin""",
    """Daniel Joshua Samuel Benjamin Adam Jonathan Moshe Yaakov Chaim Avi Shlomo Yosef Eli Nathan
    Zev Menachem Dov Ari Jacob Raphael""",
)
JEWISH_WOMEN = (
    """Esther Miriam Rachel Leah Sadie Rebecca Ruth Hannah Sylvia Golda Rosalind Naomi Deborah
    Judith Frieda Bella Minnie Rose Helena Zelda""",
    """Rachel Miriam Leah Chaya Rivka Sarah Hannah Talia Shoshana Esther Naomi Tamar Devorah
    Yael Malka Abigail Noa Gila Shira Bracha""",
)
JEWISH_FAMILY = """Cohen Levy Goldberg Goldstein Friedman Rosenberg Katz Stern Shapiro Kaplan
    Rosenthal Bernstein Green Marks Lewis Jacobs Solomons Adler Weiss Rothman Silver Bloom Franks
    Abrahams Feldman Grossman Schwartz Klein Ben-David Mendoza Montefiore Sassoon"""
