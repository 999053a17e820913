"""What the rules of the airlock are for, in plain words: a name, one sentence, and an example.

They stand beside the rule wherever a page names one, for people who did not write it. They say what
anybody may read of a rule, and nothing of what was found; so who wrote an output reads the same
words as who checks it. They are in this room, and not beside the rules, because the pages have no
path to the airlock. `tests/unit/airlock/test_rule_words.py` holds the list to the rules themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

from commonweal.papers.output_manifest import ReturnReason


@dataclass(frozen=True)
class RuleHelp:
    """One rule: what people call it, why there is one, and when it speaks."""

    name: str
    why: str
    example: str


RULE_HELP: dict[str, RuleHelp] = {
    # --- figures about people
    "threshold": RuleHelp(
        "Too few people",
        "A figure about few people can be about somebody whom the reader knows.",
        "“3 people on ward D, all women”: whoever knows one of them learns about all three.",
    ),
    "zero": RuleHelp(
        "Nobody",
        "An empty cell says something about everybody who could have been in it.",
        "No man over 80 came home: so each man over 80 whom I know did not.",
    ),
    "empty": RuleHelp(
        "No figures",
        "A table without a row is an answer too: nobody was there to be counted.",
        "The table of March has no row: so nobody on the ward had the illness in March.",
    ),
    "class": RuleHelp(
        "Everybody has the same answer (class disclosure)",
        "If all people of a group are alike, to know that somebody is in it is to know the rest.",
        "All 40 people of one street have the illness, so my neighbour there has it too.",
    ),
    "missing": RuleHelp(
        "Too few without a value",
        "The people who are missing from a figure are a group as well, and can be a small one.",
        "A mean is of 98 of 100 people: the two who did not answer stand out.",
    ),
    "part": RuleHelp(
        "Too few in one part of a ratio",
        "A ratio can be undone into its two parts, and one of them can be of few people.",
        "2 of 400 people: the ratio 0.005 gives the two away.",
    ),
    "again": RuleHelp(
        "A few people came again",
        "Rows less people, where both are told, is at most how many came more than once.",
        "102 stays of 100 people: at most two of them came again.",
    ),
    "dof": RuleHelp(
        "Too little left over (degrees of freedom)",
        "A model with nearly as many terms as people repeats each person's own values.",
        "Ten terms fitted to twelve people follow every one of them.",
    ),
    "nk": RuleHelp(
        "A few people make up the figure (nk rule)",
        "When one or two people make up most of a sum or a mean, it tells their values.",
        "One stay of 900,000 pounds makes up nine tenths of a ward's costs: the sum is that bill.",
    ),
    "p-percent": RuleHelp(
        "The largest value can be worked out closely (p% rule)",
        "If all others are small beside the largest, who knows one of them works out the largest.",
        "The second largest takes their own bill from the sum, and is within p% of the largest.",
    ),
    "negative": RuleHelp(
        "Values below nothing",
        "Shares of a sum mean nothing when some values are below nought.",
        "900 paid out and 890 paid back make 10, and neither can be seen in it.",
    ),
    "position": RuleHelp(
        "Too few people on one side",
        "A median or quantile near an end of the list stands beside few people.",
        "The highest 1 in 100 of 300 people are three people.",
    ),
    "endpoint": RuleHelp(
        "The value of a few people",
        "The least or the largest value is somebody's own.",
        "“The oldest is 104” is about one person.",
    ),
    "exact": RuleHelp(
        "Not rounded",
        "Exact counts can be subtracted from each other; rounded ones hide small differences.",
        "66 before and 63 now: three people. Rounded to fives both say 65.",
    ),
    # --- models and curves
    "unfit": RuleHelp(
        "Cannot be made of these rows",
        "The figure is not defined for these people, so nothing can be said of it.",
        "A spread of one single value.",
    ),
    "held": RuleHelp(
        "A column that few people differ in",
        "Where nearly all people have one value, its term is about the few who have another.",
        "4 of 4,000 people smoke: the term for smoking is about those four.",
    ),
    "twins": RuleHelp(
        "Two columns that few people tell apart",
        "The difference between two nearly equal columns is about the few in whom they differ.",
        "“Seen in A and E” and “admitted” are the same but for two people.",
    ),
    "isolated": RuleHelp(
        "A combination about few people",
        "Terms together can single out a small group even when each is of many.",
        "Women over 90 with asthma on ward D: five people.",
    ),
    "leverage": RuleHelp(
        "One person pulls the line",
        "Where one person decides their own fitted value, the model tells that value.",
        "One patient of 110 years among people of 60.",
    ),
    "pattern": RuleHelp(
        "A few people pull the line",
        "Where few people decide their own fitted values, the model tells those values.",
        "Three stays of a year among stays of a week.",
    ),
    "separated": RuleHelp(
        "The terms tell the outcome",
        "If a combination of terms tells the outcome surely, it tells it of each person in it.",
        "Everybody over 95 died.",
    ),
    "singular": RuleHelp(
        "Terms that say the same",
        "Two terms with the same content cannot be told apart, so nothing can be estimated.",
        "Age in years, and year of birth.",
    ),
    "unsettled": RuleHelp(
        "No settled answer",
        "The estimate went on changing, so there is no figure that could be checked.",
        "A model with more terms than the rows can carry.",
    ),
    "events": RuleHelp(
        "Too few with the outcome",
        "A model of a rare outcome is about the few people who have it.",
        "4 deaths among 4,000 people.",
    ),
    "perfect": RuleHelp(
        "One value tells the other",
        "Where two columns go together without exception, one tells the other of everybody.",
        "Each postcode has one doctor.",
    ),
    "steps": RuleHelp(
        "A curve with steps of few people",
        "Each step down of a survival curve is somebody's own event and day.",
        "A step of 1 in 50 on day 12: one person died that day.",
    ),
    # --- for a person to look at
    "unknown": RuleHelp(
        "No rule knows it",
        "What no rule knows is looked at by people, since nothing can be said of it by counting.",
        "A new kind of index.",
    ),
    "unchecked": RuleHelp(
        "Rules that nobody compared yet",
        "The list of limits was not held against the list that it was taken from.",
        "A profile that was typed from a leaflet.",
    ),
    "tabulated": RuleHelp(
        "A column of the study's own",
        "The airlock counted the people, but only the study's code knows what the column says of "
        "them.",
        "A risk score: read the code, and see that it is no person's number in disguise.",
    ),
    "beside": RuleHelp(
        "An exact figure stands beside the noise",
        "Noise hides nothing if an exact figure about nearly the same people has left already.",
        "412 people left exactly; with noise a month later it is about 415.",
    ),
    "group": RuleHelp(
        "A group that nobody approved",
        "A layout was approved for groups that people read; another group was not.",
        "A new ward opens in May, and the table of May has a line for it.",
    ),
    "declared": RuleHelp(
        "Made elsewhere",
        "The study wrote this file itself, so its figures are only as true as the study's code.",
        "A table written with pandas. Ask for it as a request, and the airlock counts it itself.",
    ),
    # --- files
    "unreadable": RuleHelp(
        "Cannot be read",
        "What cannot be read can hold anything.",
        "A table that breaks off in the middle of a line.",
    ),
    "kind": RuleHelp(
        "A kind that does not leave",
        "Some kinds of file hide what is in them, or run when they are opened.",
        "A PDF, an archive, a program.",
    ),
    "rows": RuleHelp(
        "Too many rows",
        "A long table is more likely to be one row a person than a result.",
        "40,000 rows with an age each.",
    ),
    "identifier": RuleHelp(
        "NHS numbers",
        "An NHS number is one person's.",
        "A column of ten digits of which each passes the check of an NHS number.",
    ),
    "type": RuleHelp(
        "Not what its name says",
        "A file of another kind than its name says may be meant to be overlooked.",
        "A program that is called chart.png.",
    ),
    "name": RuleHelp(
        "A name that no output may have",
        "A file's name leaves as well, and can carry something out.",
        "patient-9434765919.csv",
    ),
    "model": RuleHelp(
        "A model among the files",
        "Models are tried against the people whom they were trained on, and files are not.",
        "risk.onnx declared as a plain file.",
    ),
    "hidden": RuleHelp(
        "What nobody sees",
        "Hidden parts leave with a file though nobody looked at them.",
        "A hidden sheet, a comment, words in white on white.",
    ),
    "active": RuleHelp(
        "What runs or loads something",
        "A file that runs or asks for something elsewhere can send out what it holds.",
        "A script in a web page, a formula that asks an address.",
    ),
    "dropped": RuleHelp(
        "A part that does not leave",
        "The file is written anew without what cannot be checked.",
        "The outputs of a notebook's cells.",
    ),
    "underlying": RuleHelp(
        "The table behind a picture is missing",
        "What a picture shows can only be counted in its table.",
        "A bar chart without its counts.",
    ),
    "hint": RuleHelp(
        "Looks like postcodes or birthdays",
        "A postcode with a birthday nearly always names one person.",
        "LS29 7AB, 4 May 1951.",
    ),
    "keylike": RuleHelp(
        "Looks like codes of people",
        "A column in which every row differs is often somebody's number.",
        "a91f, b02c, 77de, one in each row.",
    ),
    "repeated": RuleHelp(
        "Rows that stand more than once",
        "A result has each row once; rows of people repeat.",
        "“F, 62, asthma” stands 40 times.",
    ),
    "sieve": RuleHelp(
        "Identifiers of people in the source",
        "The file was compared with real identifiers without anybody seeing them, and some fit.",
        "A column of hospital numbers.",
    ),
    "codes": RuleHelp(
        "Codes of people or records",
        "Codes that stand for people in the data must not leave with them.",
        "The study's own person codes, as row names.",
    ),
    "row-level": RuleHelp(
        "Rows that fit few people",
        "Values that are harmless alone can together fit one person.",
        "Woman, 93, ward D, 12 March.",
    ),
    "not-compared": RuleHelp(
        "Not compared with the data",
        "Nobody can say that no row of a person is in it.",
        "The release was not there when the file was looked at.",
    ),
    # --- trained models
    "model-permit": RuleHelp(
        "A model that the permit does not let out",
        "Nobody was asked whether a model of this project may leave.",
        "A project that was approved for tables hands over a model.",
    ),
    "model-kind": RuleHelp(
        "Not a kind of model that leaves",
        "Only kinds that can be read without being run are looked at.",
        "A pickle.",
    ),
    "model-file": RuleHelp(
        "A model that cannot be read", "What cannot be read can hold anything.", "A cut-off file."
    ),
    "model-large": RuleHelp(
        "A model too large to look at",
        "Nobody looked at what is in it.",
        "Ten billion learned numbers.",
    ),
    "model-external": RuleHelp(
        "Values from another file",
        "What is not in the file was not looked at.",
        "An ONNX file with weights beside it.",
    ),
    "model-operator": RuleHelp(
        "Steps that are not known", "An unknown step can do anything.", "An operator of one's own."
    ),
    "model-hidden": RuleHelp(
        "Parts that no reader shows",
        "Hidden parts can carry rows of people.",
        "Bytes between two arrays.",
    ),
    "model-instance": RuleHelp(
        "Keeps people in it",
        "Some models are made of the people whom they learned from.",
        "Nearest neighbours: each neighbour is a patient.",
    ),
    "model-length": RuleHelp(
        "As long as the data",
        "An array with one number for each row can be the rows themselves.",
        "4,000 people and an array of 4,000.",
    ),
    "model-rows": RuleHelp(
        "Rows of the data in it",
        "These are people's own values.",
        "A cluster's middle that is one patient.",
    ),
    "model-code": RuleHelp(
        "Names people",
        "A text in it names people, or numbers that are identifiers.",
        "The list of row names that was left in.",
    ),
    "model-text": RuleHelp(
        "Text that nothing needs",
        "Text is the easiest way to carry something out.",
        "A long description.",
    ),
    "model-value": RuleHelp(
        "A value of few people",
        "A category that few people have says that somebody has it.",
        "“occupation: lighthouse keeper”.",
    ),
    "model-leaf": RuleHelp(
        "A leaf of few people",
        "The end of a tree's branch says how its people were.",
        "Women over 90 on ward D, 3 people: all died.",
    ),
    "model-leaf-nobody": RuleHelp(
        "A leaf of nobody",
        "A branch without anybody was not made of the release's people.",
        "A tree that was made from other data.",
    ),
    "model-pure": RuleHelp(
        "A leaf where all are alike",
        "Who knows that somebody is in it knows their outcome.",
        "All 40 people of a branch came back.",
    ),
    "model-freedom": RuleHelp(
        "Too many learned numbers",
        "With nearly as many numbers as people, a model can repeat each person.",
        "380 numbers learned from 400 people.",
    ),
    "model-dummy": RuleHelp(
        "A number about few people", "A term of few people tells of them.", "Ward D, six people."
    ),
    "model-attack": RuleHelp(
        "Tells who was trained on",
        "If the model is surer of people whom it has seen, it tells who was in the data.",
        "Given two people, it is right about which one it has seen in 7 of 10 tries.",
    ),
    "model-tail": RuleHelp(
        "Remembers some people well",
        "A model can hide most people and still give a few away.",
        "The five of whom it is surest were all trained on.",
    ),
    "model-attribute": RuleHelp(
        "Tells a hidden value",
        "The model guesses a missing value better of people whom it has seen.",
        "From all else it guesses who smokes.",
    ),
    "model-few": RuleHelp(
        "Too few people to try it on",
        "An attack on few people says nothing, good or bad.",
        "20 people held out.",
    ),
    "model-unproved": RuleHelp(
        "Not tried by making it again",
        "The strongest test makes the model again without some people and compares.",
        "The study gave no recipe.",
    ),
    "model-again": RuleHelp(
        "Made again, it is another",
        "If the code does not make this model, what was learned of the code says nothing about it.",
        "A model that was changed by hand.",
    ),
    "model-unlike": RuleHelp(
        "Models of other people are unlike it",
        "An attack compares this model with others made by its code, so they must be of its kind.",
        "Of a person whom neither has seen one says 1 in 10, the other 6 in 10.",
    ),
    "model-run": RuleHelp(
        "Could not be run", "Nothing of what it tells is known.", "It asks for a column of text."
    ),
    "model-blind": RuleHelp(
        "Says nothing as it is fed",
        "An attack on a model that was fed wrongly finds nothing, and proves nothing.",
        "Columns in another order.",
    ),
    # --- together with what has left
    "CW-AUDIT-DIFFERENCE": RuleHelp(
        "The difference is a few people",
        "Two figures that are each large enough can give away a few people when they are "
        "subtracted.",
        "66 people stayed, 63 of them have a known birthday: three have none.",
    ),
    "CW-AUDIT-VALUE": RuleHelp(
        "The difference is what a few people add",
        "Two sums that are each large enough can give away what a few people add between them.",
        "All costs of a ward, less those of all but one person there, is that person's bill.",
    ),
    "CW-AUDIT-SAME": RuleHelp(
        "The very same people, asked in two ways",
        "That two questions have the same people says that nobody lies between them.",
        "“All with asthma” and “all with asthma who smoke” are both 66: all of them smoke.",
    ),
    "CW-AUDIT-NEAR": RuleHelp(
        "Nearly the same people",
        "The figures are about groups that differ by few people, though they cannot be subtracted.",
        "Two means of nearly the same people.",
    ),
    "CW-AUDIT-SUM": RuleHelp(
        "A sum is a few people",
        "Several tables together can be added and subtracted until a few people are left.",
        "All, minus the women, minus the men over 60, is two men.",
    ),
    "CW-AUDIT-BOUNDS": RuleHelp(
        "Only few numbers are possible",
        "A hidden figure is given away if what stands around it leaves few numbers for it.",
        "The hidden cell must be 2 or 3, since the row adds up to 100.",
    ),
    "CW-AUDIT-UNPROVED": RuleHelp(
        "A few people seem to follow",
        "The search found such a group and could not prove it in its time: people have to look.",
        "A sum over twelve tables.",
    ),
}

MAIN_RULES = ("threshold", "class", "nk", "p-percent", "endpoint", "CW-AUDIT-DIFFERENCE")
"""What whoever asks for an output should know before."""

REASON_HELP: dict[ReturnReason, str] = {
    "counts_not_rounded": "Exact counts can be subtracted from each other. Round them as the rules "
    "ask: 66 and 63 both become 65.",
    "small_counts_shown": "Put small groups together, or leave them out. “3 people on ward D” can "
    "be people whom the reader knows.",
    "differs_from_earlier_output": "Two tables that are each safe can give a few people away when "
    "they are compared. Use the same groups as in what left before, or coarser ones.",
    "context_missing": "Say whom the figures count, over which time, and what each column means: "
    "“people who stayed at least one night in 2025, by ward”.",
    "controls_missing": "Say what you did: “counts are rounded to five, wards under 10 people are "
    "put together”.",
    "underlying_counts_missing": "Hand in the table of counts behind the picture or the mean.",
    "file_kind": "Hand in a table instead, as CSV, or a picture as PNG.",
    "too_large": "Leave out what your question does not need, such as columns that nobody reads.",
    "not_for_this_purpose": "The permit says what the data may be used for. Ask for a change of it "
    "first, or leave this out.",
    "about_single_people": "A line for each person does not leave. Count people, or show means of "
    "groups.",
    "code_not_understood": "Add comments, or take out what the figures do not need.",
    "model_remembers_people": "Use fewer terms, more people, or larger leaves, and hand over the "
    "recipe.",
}
"""What an author can do about each reason with which people send an output back."""


def rule_help(rule: str) -> RuleHelp | None:
    """What a rule is for, by its name or, of the audit, by its code; None for one without words."""
    return RULE_HELP.get(rule)
