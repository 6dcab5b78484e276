"""A second reading of every published scoring rule, made from the fact sheet alone and with a pencil.

Nothing here knows how the product scores, and no two instruments share any arithmetic: each function says in plain
Python what a clinician does with a filled-in form. `{item number as printed: value as printed}` goes in, a `Reading`
comes out. An item that is absent was not answered, one that is None was refused; both are gaps.

What holds for all of them: a gap that the publisher does not foresee makes the set incomplete, with no total, no
band and no subscale; a critical answer counts all the same. Bands are counted from 0, the least severe. Values that
the form does not print are not looked at here; `legal_values` says what it prints.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

Answers = dict[str, Any]  # numbers and "HH:MM", "male", "female"; None is a refusal
Number = int | Fraction


@dataclass(frozen=True)
class Reading:
    """What must come out: `band` 0 is the least severe; `attention` holds items to ask on about or for the staff;
    `also` holds yes-or-no findings beside the band."""

    incomplete: bool = False
    total: Number | None = None
    standard_score: Number | None = None
    subscales: Mapping[str, Number | None] = field(default_factory=dict)
    band: int | None = None
    critical: Sequence[str] = field(default_factory=list)
    attention: Sequence[str] = field(default_factory=list)
    also: dict[str, bool] = field(default_factory=dict)


def phq2(a: Answers) -> Reading:
    """Two items 0-3. Three or more is positive."""
    if a.get("1") is None or a.get("2") is None:
        return Reading(incomplete=True)
    total = a["1"] + a["2"]
    return Reading(total=total, band=1 if total >= 3 else 0)


def gad2(a: Answers) -> Reading:
    """Two items 0-3. Three or more is positive."""
    if a.get("1") is None or a.get("2") is None:
        return Reading(incomplete=True)
    total = a["1"] + a["2"]
    return Reading(total=total, band=1 if total >= 3 else 0)


def phq4(a: Answers) -> Reading:
    """Items 1-2 anxiety, 3-4 depression; 0-2 normal, 3-5 mild, 6-8 moderate, 9-12 severe; a pair of 3 is positive."""
    if a.get("1") is None or a.get("2") is None or a.get("3") is None or a.get("4") is None:
        return Reading(incomplete=True)
    anxiety = a["1"] + a["2"]
    depression = a["3"] + a["4"]
    total = anxiety + depression
    if total <= 2:
        band = 0
    elif total <= 5:
        band = 1
    elif total <= 8:
        band = 2
    else:
        band = 3
    return Reading(
        total=total,
        band=band,
        subscales={"anxiety": anxiety, "depression": depression},
        also={"anxiety_positive": anxiety >= 3, "depression_positive": depression >= 3},
    )


def phq9(a: Answers) -> Reading:
    """Nine items 0-3; 0-4, 5-9, 10-14, 15-19, 20-27. Item 9 from 1 up is critical, whatever the total."""
    critical = ["9"] if a.get("9") is not None and a["9"] >= 1 else []
    for number in ("1", "2", "3", "4", "5", "6", "7", "8", "9"):
        if a.get(number) is None:
            return Reading(incomplete=True, critical=critical)
    total = a["1"] + a["2"] + a["3"] + a["4"] + a["5"] + a["6"] + a["7"] + a["8"] + a["9"]
    if total >= 20:
        band = 4
    elif total >= 15:
        band = 3
    elif total >= 10:
        band = 2
    elif total >= 5:
        band = 1
    else:
        band = 0
    present = 0
    for number in ("1", "2", "3", "4", "5", "6", "7", "8"):
        if a[number] >= 2:
            present = present + 1
    if a["9"] >= 1:
        present = present + 1
    core = a["1"] >= 2 or a["2"] >= 2
    return Reading(
        total=total,
        band=band,
        critical=critical,
        also={
            "five_present": core and present >= 5,
            "two_to_four_present": core and 2 <= present <= 4,
            "cut_off": total >= 10,
        },
    )


def phq_a(a: Answers) -> Reading:
    """As for adults; s1 and s2 are not scored, and a yes to either is critical, as is item 9 from 1 up.

    An edition without s1 and s2 is scored all the same. Whoever refuses one of them has not finished the form.
    """
    critical = []
    if a.get("9") is not None and a["9"] >= 1:
        critical.append("9")
    if a.get("s1") == 1:
        critical.append("s1")
    if a.get("s2") == 1:
        critical.append("s2")
    if ("s1" in a and a["s1"] is None) or ("s2" in a and a["s2"] is None):
        return Reading(incomplete=True, critical=critical)
    total = 0
    for number in ("1", "2", "3", "4", "5", "6", "7", "8", "9"):
        if a.get(number) is None:
            return Reading(incomplete=True, critical=critical)
        total = total + a[number]
    if total <= 4:
        band = 0
    elif total <= 9:
        band = 1
    elif total <= 14:
        band = 2
    elif total <= 19:
        band = 3
    else:
        band = 4
    return Reading(total=total, band=band, critical=critical)


def gad7(a: Answers) -> Reading:
    """Seven items 0-3; 0-4, 5-9, 10-14, 15-21. Nothing reversed, nothing critical."""
    for number in ("1", "2", "3", "4", "5", "6", "7"):
        if a.get(number) is None:
            return Reading(incomplete=True)
    total = a["1"] + a["2"] + a["3"] + a["4"] + a["5"] + a["6"] + a["7"]
    if total >= 15:
        band = 3
    elif total >= 10:
        band = 2
    elif total >= 5:
        band = 1
    else:
        band = 0
    return Reading(total=total, band=band)


def phq15(a: Answers) -> Reading:
    """Fifteen items 0-2; item 4 is for women, so that men reach 28; 0-4, 5-9, 10-14, 15 and more.

    The paper does not ask for the sex. Where it is not given and item 4 is not there at all, the form is a man's;
    a woman's item 4, and one that somebody refused, is a gap.
    """
    total = 0
    for number in range(1, 16):
        if number == 4 and (a.get("sex") == "male" or ("sex" not in a and "4" not in a)):
            continue
        if a.get(str(number)) is None:
            return Reading(incomplete=True)
        total = total + a[str(number)]
    if total >= 15:
        band = 3
    elif total >= 10:
        band = 2
    elif total >= 5:
        band = 1
    else:
        band = 0
    return Reading(total=total, band=band)


def asq(a: Answers) -> Reading:
    """Any yes is positive (1), a yes to 5 acute (2). Question 5 is put after a yes; to refuse is as critical as a yes.

    There is no published total; what stands here is the number of yes.
    """
    critical = [number for number in ("1", "2", "3", "4", "5") if number in a and a[number] in (1, None)]
    for number in ("1", "2", "3", "4"):
        if a.get(number) is None:
            return Reading(incomplete=True, critical=critical)
    if "5" in a and a["5"] is None:
        return Reading(incomplete=True, critical=critical)
    if a.get("5") == 1:
        return Reading(total=len(critical), band=2, critical=critical)
    if a["1"] == 0 and a["2"] == 0 and a["3"] == 0 and a["4"] == 0:
        return Reading(total=0, band=0)
    if a.get("5") is None:
        return Reading(incomplete=True, critical=critical)
    return Reading(total=len(critical), band=1, critical=critical)


def cssrs_screener(a: Answers) -> Reading:
    """Nothing (0), yellow (1), orange (2), red (3). After a no to 2 come 6 and, when 6 is yes, whether recently.

    A yes counts wherever it stands, also where the form would have led past the question.
    """
    critical = [n for n in ("1", "2", "3", "4", "5", "6", "6_recent") if a.get(n) == 1]
    asked = ["1", "2", "6"]
    if a.get("2") == 1:
        asked = asked + ["3", "4", "5"]
    if a.get("6") == 1:
        asked = asked + ["6_recent"]
    for number in asked:
        if a.get(number) is None:
            return Reading(incomplete=True, critical=critical)
    if a.get("4") == 1 or a.get("5") == 1 or a.get("6_recent") == 1:
        band = 3
    elif a.get("3") == 1 or a["6"] == 1:
        band = 2
    elif a["1"] == 1 or a["2"] == 1:
        band = 1
    else:
        band = 0
    return Reading(band=band, critical=critical)


def gds15(a: Answers) -> Reading:
    """A point for no on 1, 5, 7, 11, 13 and for yes on the other ten; 0-4, 5-8, 9-11, 12-15.

    A yes to 12 (worthless) or 14 (hopeless) is to be asked on about.
    """
    attention = [number for number in ("12", "14") if a.get(number) == 1]
    total = 0
    for number in range(1, 16):
        said = a.get(str(number))
        if said is None:
            return Reading(incomplete=True, attention=attention)
        if number in (1, 5, 7, 11, 13):
            if said == 0:
                total = total + 1
        elif said == 1:
            total = total + 1
    if total <= 4:
        band = 0
    elif total <= 8:
        band = 1
    elif total <= 11:
        band = 2
    else:
        band = 3
    return Reading(total=total, band=band, attention=attention)


def k6(a: Answers) -> Reading:
    """Six items 0-4; 5-12 moderate, 13 and more serious."""
    for number in ("1", "2", "3", "4", "5", "6"):
        if a.get(number) is None:
            return Reading(incomplete=True)
    total = a["1"] + a["2"] + a["3"] + a["4"] + a["5"] + a["6"]
    if total >= 13:
        band = 2
    elif total >= 5:
        band = 1
    else:
        band = 0
    return Reading(total=total, band=band)


def k10(a: Answers) -> Reading:
    """Ten items 1-5; 10-15, 16-21, 22-29, 30-50."""
    total = 0
    for number in ("1", "2", "3", "4", "5", "6", "7", "8", "9", "10"):
        if a.get(number) is None:
            return Reading(incomplete=True)
        total = total + a[number]
    if total >= 30:
        band = 3
    elif total >= 22:
        band = 2
    elif total >= 16:
        band = 1
    else:
        band = 0
    return Reading(total=total, band=band)


def who5(a: Answers) -> Reading:
    """Five items, 5 = all of the time; raw 0-25, times four 0-100, high is good; 50 or less poor, 28 or less worse."""
    for number in ("1", "2", "3", "4", "5"):
        if a.get(number) is None:
            return Reading(incomplete=True)
    raw = a["1"] + a["2"] + a["3"] + a["4"] + a["5"]
    percent = raw * 4
    if percent <= 28:
        band = 2
    elif percent <= 50:
        band = 1
    else:
        band = 0
    return Reading(total=raw, standard_score=percent, band=band, also={"cut_off": percent <= 50})


def cesd(a: Answers) -> Reading:
    """Twenty items ticked 0-3, of which 4, 8, 12, 16 count 3 less the tick; up to 15, 16-19, from 20."""
    for number in range(1, 21):
        if a.get(str(number)) is None:
            return Reading(incomplete=True)
    positive = (3 - a["4"]) + (3 - a["8"]) + (3 - a["12"]) + (3 - a["16"])
    depressed = a["3"] + a["6"] + a["9"] + a["10"] + a["14"] + a["17"] + a["18"]
    somatic = a["1"] + a["2"] + a["5"] + a["7"] + a["11"] + a["13"] + a["20"]
    interpersonal = a["15"] + a["19"]
    total = positive + depressed + somatic + interpersonal
    if total >= 20:
        band = 2
    elif total >= 16:
        band = 1
    else:
        band = 0
    return Reading(
        total=total,
        band=band,
        subscales={
            "depressed_affect": depressed,
            "positive_affect": positive,
            "somatic": somatic,
            "interpersonal": interpersonal,
        },
    )


def srq20(a: Answers) -> Reading:
    """The number of yes among twenty; 7/8: seven is below, eight is above. Item 17 is critical."""
    critical = ["17"] if a.get("17") == 1 else []
    yes = 0
    for number in range(1, 21):
        if a.get(str(number)) is None:
            return Reading(incomplete=True, critical=critical)
        if a[str(number)] == 1:
            yes = yes + 1
    return Reading(total=yes, band=1 if yes >= 8 else 0, critical=critical, also={"cut_off": yes >= 8})


def pcl5(a: Answers) -> Reading:
    """Twenty items 0-4. Two rules: 33 or more; items of 2 or more, 1 B, 1 C, 2 D, 2 E. The band is how many are met."""
    for number in range(1, 21):
        if a.get(str(number)) is None:
            return Reading(incomplete=True)
    b = [a["1"], a["2"], a["3"], a["4"], a["5"]]
    c = [a["6"], a["7"]]
    d = [a["8"], a["9"], a["10"], a["11"], a["12"], a["13"], a["14"]]
    e = [a["15"], a["16"], a["17"], a["18"], a["19"], a["20"]]
    total = sum(b) + sum(c) + sum(d) + sum(e)
    cluster_rule = (
        len([x for x in b if x >= 2]) >= 1
        and len([x for x in c if x >= 2]) >= 1
        and len([x for x in d if x >= 2]) >= 2
        and len([x for x in e if x >= 2]) >= 2
    )
    return Reading(
        total=total,
        band=(1 if total >= 33 else 0) + (1 if cluster_rule else 0),
        subscales={"b": sum(b), "c": sum(c), "d": sum(d), "e": sum(e)},
        also={"cut_off": total >= 33, "clusters": cluster_rule},
    )


def audit(a: Answers) -> Reading:
    """Items 1-8 0-4, 9-10 0, 2 or 4; 0-7, 8-15, 16-19, from 20.

    Who never drinks (1 is 0) goes on to 9-10, and so does who has 2 and 3 at 0. What was answered all the same counts.
    """
    if a.get("1") is None or a.get("9") is None or a.get("10") is None:
        return Reading(incomplete=True)
    if a["1"] != 0:
        if a.get("2") is None or a.get("3") is None:
            return Reading(incomplete=True)
        if a["2"] + a["3"] != 0:
            for number in ("4", "5", "6", "7", "8"):
                if a.get(number) is None:
                    return Reading(incomplete=True)
    consumption = a["1"] + (a.get("2") or 0) + (a.get("3") or 0)
    dependence = (a.get("4") or 0) + (a.get("5") or 0) + (a.get("6") or 0)
    problems = (a.get("7") or 0) + (a.get("8") or 0) + a["9"] + a["10"]
    total = consumption + dependence + problems
    if total >= 20:
        band = 3
    elif total >= 16:
        band = 2
    elif total >= 8:
        band = 1
    else:
        band = 0
    return Reading(
        total=total,
        band=band,
        subscales={"consumption": consumption, "dependence": dependence, "problems": problems},
    )


def audit_c(a: Answers) -> Reading:
    """Items 1-3 0-4; positive from 4 for men, from 3 for women. Who never drinks leaves out 2 and 3."""
    if a.get("1") is None:
        return Reading(incomplete=True)
    if a["1"] != 0 and (a.get("2") is None or a.get("3") is None):
        return Reading(incomplete=True)
    total = a["1"] + (a.get("2") or 0) + (a.get("3") or 0)
    if a.get("sex") == "male":
        return Reading(total=total, band=1 if total >= 4 else 0)
    if a.get("sex") == "female":
        return Reading(total=total, band=1 if total >= 3 else 0)
    return Reading(incomplete=True)


def cbi(a: Answers) -> Reading:
    """Nineteen items 100, 75, 50, 25, 0; three means and never a total; 13 counts 100 less; 50 or more on any is 1."""
    for number in range(1, 20):
        if a.get(str(number)) is None:
            return Reading(incomplete=True)
    personal = Fraction(a["1"] + a["2"] + a["3"] + a["4"] + a["5"] + a["6"], 6)
    work = Fraction(a["7"] + a["8"] + a["9"] + a["10"] + a["11"] + a["12"] + (100 - a["13"]), 7)
    client = Fraction(a["14"] + a["15"] + a["16"] + a["17"] + a["18"] + a["19"], 6)
    return Reading(
        band=1 if personal >= 50 or work >= 50 or client >= 50 else 0,
        subscales={"personal": personal, "work": work, "client": client},
    )


def scl90(a: Answers) -> Reading:
    """Ninety items 1-5; factors are means; positive: total over 160, or over 43 items from 2 up, or a factor from 2.

    Items 15 and 59 from 2 up are critical; 63 from 3 up, and 7, 16, 62 wherever they are positive items, are for the
    staff. A positive mean without a positive item does not exist.
    """
    critical = [number for number in ("15", "59") if a.get(number) is not None and a[number] >= 2]
    attention = [number for number in ("7", "16", "62") if a.get(number) is not None and a[number] >= 2]
    if a.get("63") is not None and a["63"] >= 3:
        attention.append("63")
    for number in range(1, 91):
        if a.get(str(number)) is None:
            return Reading(incomplete=True, critical=critical, attention=attention)
    factors: dict[str, Fraction] = {}
    for name, numbers in {
        "somatization": [1, 4, 12, 27, 40, 42, 48, 49, 52, 53, 56, 58],
        "obsession": [3, 9, 10, 28, 38, 45, 46, 51, 55, 65],
        "interpersonal": [6, 21, 34, 36, 37, 41, 61, 69, 73],
        "depression": [5, 14, 15, 20, 22, 26, 29, 30, 31, 32, 54, 71, 79],
        "anxiety": [2, 17, 23, 33, 39, 57, 72, 78, 80, 86],
        "hostility": [11, 24, 63, 67, 74, 81],
        "phobia": [13, 25, 47, 50, 70, 75, 82],
        "paranoia": [8, 18, 43, 68, 76, 83],
        "psychoticism": [7, 16, 35, 62, 77, 84, 85, 87, 88, 90],
        "other": [19, 44, 59, 60, 64, 66, 89],
    }.items():
        points = 0
        for number in numbers:
            points = points + a[str(number)]
        factors[name] = Fraction(points, len(numbers))
    total = 0
    positive_items = 0
    for number in range(1, 91):
        total = total + a[str(number)]
        if a[str(number)] >= 2:
            positive_items = positive_items + 1
    negative_items = 90 - positive_items
    by_total = total > 160
    by_items = positive_items > 43
    by_factor = max(factors.values()) >= 2
    return Reading(
        total=total,
        band=1 if by_total or by_items or by_factor else 0,
        critical=critical,
        attention=attention,
        also={"total_over_160": by_total, "positive_items_over_43": by_items, "factor_of_2": by_factor},
        subscales={
            **factors,
            "mean": Fraction(total, 90),
            "positive_items": positive_items,
            "negative_items": negative_items,
            "positive_mean": Fraction(total - negative_items, positive_items) if positive_items else None,
        },
    )


def sds(a: Answers) -> Reading:
    """Twenty items ticked 1-4, ten of them counted 5 less the tick; 1.25 times the raw score without its fraction."""
    critical = ["19"] if a.get("19") is not None and a["19"] >= 3 else []
    raw = 0
    for number in range(1, 21):
        tick = a.get(str(number))
        if tick is None:
            return Reading(incomplete=True, critical=critical)
        raw = raw + (5 - tick if number in (2, 5, 6, 11, 12, 14, 16, 17, 18, 20) else tick)
    standard = (raw * 125) // 100
    if standard < 53:
        band = 0
    elif standard <= 62:
        band = 1
    elif standard <= 72:
        band = 2
    else:
        band = 3
    return Reading(total=raw, standard_score=standard, band=band, critical=critical)


def sas(a: Answers) -> Reading:
    """Twenty items ticked 1-4, five of them counted 5 less the tick; 1.25 times the raw score without its fraction."""
    raw = 0
    for number in range(1, 21):
        tick = a.get(str(number))
        if tick is None:
            return Reading(incomplete=True)
        raw = raw + (5 - tick if number in (5, 9, 13, 17, 19) else tick)
    standard = (raw * 125) // 100
    if standard < 50:
        band = 0
    elif standard <= 59:
        band = 1
    elif standard <= 69:
        band = 2
    else:
        band = 3
    return Reading(total=raw, standard_score=standard, band=band)


def epds(a: Answers) -> Reading:
    """Ten items in points, added as they are; up to 9, 10-12, from 13; item 10 from 1 up is critical."""
    critical = ["10"] if a.get("10") is not None and a["10"] >= 1 else []
    total = 0
    for number in range(1, 11):
        if a.get(str(number)) is None:
            return Reading(incomplete=True, critical=critical)
        total = total + a[str(number)]
    if total >= 13:
        band = 2
    elif total >= 10:
        band = 1
    else:
        band = 0
    return Reading(
        total=total,
        band=band,
        critical=critical,
        subscales={"anxiety_3a": a["3"] + a["4"] + a["5"]},
        also={"further_assessment": total >= 13 or a["10"] >= 1},
    )


def psqi(a: Answers) -> Reading:
    """Seven components 0-3, their sum 0-21, over 7 is poor. 5j may be left open; efficiency is never rounded."""
    for number in (
        "1",
        "2",
        "3",
        "4",
        "5a",
        "5b",
        "5c",
        "5d",
        "5e",
        "5f",
        "5g",
        "5h",
        "5i",
        "6",
        "7",
        "8",
        "9",
    ):
        if a.get(number) is None:
            return Reading(incomplete=True)

    quality = a["6"]

    minutes = Fraction(str(a["2"]))
    if minutes <= 15:
        waited = 0
    elif minutes <= 30:
        waited = 1
    elif minutes <= 60:
        waited = 2
    else:
        waited = 3
    latency = {0: 0, 1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3}[waited + a["5a"]]

    hours = Fraction(str(a["4"]))
    if hours >= 7:
        duration = 0
    elif hours >= 6:
        duration = 1
    elif hours >= 5:
        duration = 2
    else:
        duration = 3

    to_bed = int(a["1"][:2]) * 60 + int(a["1"][3:])
    got_up = int(a["3"][:2]) * 60 + int(a["3"][3:])
    if got_up < to_bed:
        got_up = got_up + 24 * 60
    in_bed = got_up - to_bed
    if in_bed == 0:
        return Reading(incomplete=True)
    percent = hours * 60 * 100 / in_bed
    if percent >= 85:
        efficiency = 0
    elif percent >= 75:
        efficiency = 1
    elif percent >= 65:
        efficiency = 2
    else:
        efficiency = 3

    troubles = (
        a["5b"] + a["5c"] + a["5d"] + a["5e"] + a["5f"] + a["5g"] + a["5h"] + a["5i"] + (a.get("5j") or 0)
    )
    if troubles == 0:
        disturbances = 0
    elif troubles <= 9:
        disturbances = 1
    elif troubles <= 18:
        disturbances = 2
    else:
        disturbances = 3

    medication = a["7"]

    daytime = {0: 0, 1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3}[a["8"] + a["9"]]

    total = quality + latency + duration + efficiency + disturbances + medication + daytime
    return Reading(
        total=total,
        band=1 if total > 7 else 0,
        also={"cut_off": total > 7},
        subscales={
            "quality": quality,
            "latency": latency,
            "duration": duration,
            "efficiency": efficiency,
            "disturbances": disturbances,
            "medication": medication,
            "daytime": daytime,
        },
    )


def isi(a: Answers) -> Reading:
    """Seven items 0-4, printed as 1a, 1b, 1c, 2-5; 0-7, 8-14, 15-21, 22-28; from 10 in a community."""
    for number in ("1a", "1b", "1c", "2", "3", "4", "5"):
        if a.get(number) is None:
            return Reading(incomplete=True)
    total = a["1a"] + a["1b"] + a["1c"] + a["2"] + a["3"] + a["4"] + a["5"]
    if total >= 22:
        band = 3
    elif total >= 15:
        band = 2
    elif total >= 8:
        band = 1
    else:
        band = 0
    return Reading(total=total, band=band, also={"cut_off": total >= 10})


def ais(a: Answers) -> Reading:
    """Eight items 0-3; below 4, 4-6, over 6 (the Chinese reading; exactly 6 is still in the middle)."""
    for number in ("1", "2", "3", "4", "5", "6", "7", "8"):
        if a.get(number) is None:
            return Reading(incomplete=True)
    total = a["1"] + a["2"] + a["3"] + a["4"] + a["5"] + a["6"] + a["7"] + a["8"]
    if total > 6:
        band = 2
    elif total >= 4:
        band = 1
    else:
        band = 0
    return Reading(
        total=total,
        band=band,
        subscales={"ais5": a["1"] + a["2"] + a["3"] + a["4"] + a["5"]},
        also={"cut_off": total > 6},
    )


def pss10(a: Answers) -> Reading:
    """Ten items 0-4, of which 4, 5, 7, 8 count 4 less the tick. The author gives no cut-offs: there is no band."""
    for number in ("1", "2", "3", "4", "5", "6", "7", "8", "9", "10"):
        if a.get(number) is None:
            return Reading(incomplete=True)
    helplessness = a["1"] + a["2"] + a["3"] + a["6"] + a["9"] + a["10"]
    lack_of_self_efficacy = (4 - a["4"]) + (4 - a["5"]) + (4 - a["7"]) + (4 - a["8"])
    return Reading(
        total=helplessness + lack_of_self_efficacy,
        subscales={"helplessness": helplessness, "self_efficacy": lack_of_self_efficacy},
    )


def sdq_self(a: Answers) -> Reading:
    """Twenty-five items 0-2; the total is without the five prosocial ones; 0-15, 16-19, 20-40."""
    for number in range(1, 26):
        if a.get(str(number)) is None:
            return Reading(incomplete=True)
    emotional = a["3"] + a["8"] + a["13"] + a["16"] + a["24"]
    conduct = a["5"] + (2 - a["7"]) + a["12"] + a["18"] + a["22"]
    hyperactivity = a["2"] + a["10"] + a["15"] + (2 - a["21"]) + (2 - a["25"])
    peer = a["6"] + (2 - a["11"]) + (2 - a["14"]) + a["19"] + a["23"]
    prosocial = a["1"] + a["4"] + a["9"] + a["17"] + a["20"]
    total = emotional + conduct + hyperactivity + peer
    if total >= 20:
        band = 2
    elif total >= 16:
        band = 1
    else:
        band = 0
    return Reading(
        total=total,
        band=band,
        subscales={
            "emotional": emotional,
            "conduct": conduct,
            "hyperactivity": hyperactivity,
            "peer": peer,
            "prosocial": prosocial,
        },
    )


def mssmhs(a: Answers) -> Reading:
    """Sixty items 1-5, ten factors of six, each a mean; from 2, from 3, from 4. The worst factor gives the band."""
    for number in range(1, 61):
        if a.get(str(number)) is None:
            return Reading(incomplete=True)
    factors: dict[str, Fraction] = {}
    for name, numbers in {
        "obsession": [3, 10, 12, 22, 23, 48],
        "paranoia": [11, 20, 24, 26, 47, 49],
        "hostility": [19, 21, 25, 50, 52, 58],
        "interpersonal": [4, 17, 18, 45, 51, 59],
        "depression": [5, 13, 14, 16, 44, 57],
        "anxiety": [6, 15, 34, 43, 46, 56],
        "study_pressure": [31, 33, 36, 38, 40, 55],
        "maladjustment": [1, 8, 9, 29, 39, 41],
        "mood_swings": [2, 7, 27, 32, 35, 53],
        "imbalance": [28, 30, 37, 42, 54, 60],
    }.items():
        points = 0
        for number in numbers:
            points = points + a[str(number)]
        factors[name] = Fraction(points, 6)
    worst = max(factors.values())
    if worst >= 4:
        band = 3
    elif worst >= 3:
        band = 2
    elif worst >= 2:
        band = 1
    else:
        band = 0
    total = 0
    for number in range(1, 61):
        total = total + a[str(number)]
    return Reading(total=total, subscales={**factors, "mean": Fraction(total, 60)}, band=band)


READINGS: dict[str, Callable[[Answers], Reading]] = {
    "phq2": phq2,
    "phq4": phq4,
    "phq9": phq9,
    "phq_a": phq_a,
    "gad2": gad2,
    "gad7": gad7,
    "phq15": phq15,
    "asq": asq,
    "cssrs_screener": cssrs_screener,
    "gds15": gds15,
    "k6": k6,
    "k10": k10,
    "who5": who5,
    "cesd": cesd,
    "srq20": srq20,
    "pcl5": pcl5,
    "audit": audit,
    "audit_c": audit_c,
    "cbi": cbi,
    "scl90": scl90,
    "sds": sds,
    "sas": sas,
    "epds": epds,
    "psqi": psqi,
    "isi": isi,
    "ais": ais,
    "pss10": pss10,
    "sdq_self": sdq_self,
    "mssmhs": mssmhs,
}

# Not symptoms: clock times, sex, and what the young person does well.
NO_SYMPTOM = {
    "phq15": {"sex"},
    "audit_c": {"sex"},
    "psqi": {"1", "3"},
    "sdq_self": {"1", "4", "9", "17", "20"},
}


def legal_values(instrument: str) -> dict[str, tuple[Any, ...]]:
    """What the form prints for each item, from the best answer to the worst; for clock times, some of them.

    The keys of a form are its items; `phq15` and `audit_c` have `sex` among them.
    """

    def numbered(last: int, *values: Any) -> dict[str, tuple[Any, ...]]:
        return {str(number): values for number in range(1, last + 1)}

    def backwards(form: dict[str, tuple[Any, ...]], *numbers: int) -> dict[str, tuple[Any, ...]]:
        return {n: tuple(reversed(v)) if n in map(str, numbers) else v for n, v in form.items()}

    sex = {"sex": ("male", "female")}
    forms: dict[str, Callable[[], dict[str, tuple[Any, ...]]]] = {
        "phq2": lambda: numbered(2, 0, 1, 2, 3),
        "phq4": lambda: numbered(4, 0, 1, 2, 3),
        "phq9": lambda: numbered(9, 0, 1, 2, 3),
        "phq_a": lambda: {**numbered(9, 0, 1, 2, 3), "s1": (0, 1), "s2": (0, 1)},
        "gad2": lambda: numbered(2, 0, 1, 2, 3),
        "gad7": lambda: numbered(7, 0, 1, 2, 3),
        "phq15": lambda: {**numbered(15, 0, 1, 2), **sex},
        "asq": lambda: numbered(5, 0, 1),
        "cssrs_screener": lambda: {**numbered(6, 0, 1), "6_recent": (0, 1)},
        "gds15": lambda: backwards(numbered(15, 0, 1), 1, 5, 7, 11, 13),
        "k6": lambda: numbered(6, 0, 1, 2, 3, 4),
        "k10": lambda: numbered(10, 1, 2, 3, 4, 5),
        "who5": lambda: numbered(5, 5, 4, 3, 2, 1, 0),
        "cesd": lambda: backwards(numbered(20, 0, 1, 2, 3), 4, 8, 12, 16),
        "srq20": lambda: numbered(20, 0, 1),
        "pcl5": lambda: numbered(20, 0, 1, 2, 3, 4),
        "audit": lambda: {**numbered(8, 0, 1, 2, 3, 4), "9": (0, 2, 4), "10": (0, 2, 4)},
        "audit_c": lambda: {**numbered(3, 0, 1, 2, 3, 4), **sex},
        "cbi": lambda: backwards(numbered(19, 0, 25, 50, 75, 100), 13),
        "scl90": lambda: numbered(90, 1, 2, 3, 4, 5),
        "sds": lambda: backwards(numbered(20, 1, 2, 3, 4), 2, 5, 6, 11, 12, 14, 16, 17, 18, 20),
        "sas": lambda: backwards(numbered(20, 1, 2, 3, 4), 5, 9, 13, 17, 19),
        "epds": lambda: numbered(10, 0, 1, 2, 3),
        "psqi": lambda: {
            "1": (
                "20:30",
                "21:00",
                "22:00",
                "22:15",
                "22:30",
                "23:00",
                "23:40",
                "00:00",
                "00:30",
                "01:00",
                "02:20",
            ),
            "2": (0, 5, 10, 15, 16, 20, 30, 31, 45, 60, 61, 90, 180),
            "3": ("04:30", "05:00", "05:45", "06:00", "06:30", "07:00", "07:20", "08:00", "09:10", "11:00"),
            "4": (10, 9, 8, 7.5, 7, 6.9, 6.5, 6, 5.9, 5.5, 5.1, 5, 4.9, 4.5, 4, 3, 2, 1, 0),
            **{f"5{letter}": (0, 1, 2, 3) for letter in "abcdefghij"},
            **{number: (0, 1, 2, 3) for number in "6789"},
        },
        "isi": lambda: {number: (0, 1, 2, 3, 4) for number in ("1a", "1b", "1c", "2", "3", "4", "5")},
        "ais": lambda: numbered(8, 0, 1, 2, 3),
        "pss10": lambda: backwards(numbered(10, 0, 1, 2, 3, 4), 4, 5, 7, 8),
        "sdq_self": lambda: backwards(numbered(25, 0, 1, 2), 7, 11, 14, 21, 25, 1, 4, 9, 17, 20),
        "mssmhs": lambda: numbered(60, 1, 2, 3, 4, 5),
    }
    return forms[instrument]()


def answer_sets(instrument: str, count: int, seed: int = 0, gaps: bool = False) -> Iterator[Answers]:
    """`count` random answer sets that the form allows, the same ones for the same seed.

    They lean: some towards the best answers, some towards the worst, some to a single bad answer in a good set, so
    that each band is met. With `gaps`, one to three answers are missing from each or refused, or nearly all of them.
    """
    dice = random.Random(f"{instrument} {seed} {gaps}")
    form = legal_values(instrument)
    for _ in range(count):
        if instrument == "scl90" and dice.random() < 0.3:
            answers = _near_the_limits_of_scl90(dice)
        else:
            answers = _leaning(form, dice)
        _leave_out_what_is_not_asked(instrument, answers, dice)
        if instrument == "psqi" and dice.random() < 0.4:
            _sleep_near_a_limit(answers, dice)
        if gaps:
            missing = dice.choice((1, 1, 1, 2, 3, len(answers) - 1))
            refused = dice.random() < 0.3 and not (instrument == "audit" and answers["1"] == 0)
            for number in dice.sample(list(answers), min(missing, len(answers))):
                answers[number] = None
                if not refused:
                    del answers[number]
        order = list(answers)
        dice.shuffle(order)
        yield {number: answers[number] for number in order}


def _leaning(form: dict[str, tuple[Any, ...]], dice: random.Random) -> Answers:
    """One filled-in form, by a person who on the whole feels more or less bad."""
    mood = dice.choice((dice.random(), dice.random(), dice.random() ** 3, 1 - dice.random() ** 3, 0.0, 1.0))
    answers: Answers = {}
    for number, values in form.items():
        step = sum(dice.random() < mood for _ in range(len(values) - 1))
        answers[number] = values[step]
    if mood in (0.0, 1.0):
        for number in dice.sample(list(form), dice.randint(0, min(3, len(form)))):
            answers[number] = dice.choice(form[number])
    for number in ("sex", "1", "3"):
        if number in form and (number == "sex" or ":" in str(answers[number])):
            answers[number] = dice.choice(form[number])
    return answers


def _leave_out_what_is_not_asked(instrument: str, a: Answers, dice: random.Random) -> None:
    """Take away what the form leads past; sometimes leave a plain zero there, as people do on paper."""
    if instrument == "phq15" and a["sex"] == "male":
        del a["4"]
    if instrument == "asq" and not (a["1"] or a["2"] or a["3"] or a["4"]):
        a["5"] = 0
        if dice.random() < 0.5:
            del a["5"]
    if instrument == "cssrs_screener":
        if a["2"] == 0:
            kept = dice.random() < 0.3
            for number in ("3", "4", "5"):
                a[number] = 0
                if not kept:
                    del a[number]
        if a["6"] == 0:
            del a["6_recent"]
    if instrument in ("audit", "audit_c") and a["1"] == 0:
        for number in ("2", "3", "4", "5", "6", "7", "8"):
            if number in a:
                a[number] = 0
        if dice.random() < 0.6:
            for number in ("2", "3", "4", "5", "6", "7", "8"):
                a.pop(number, None)
    elif instrument == "audit" and a["2"] == 0 and a["3"] == 0 and dice.random() < 0.6:
        for number in ("4", "5", "6", "7", "8"):
            del a[number]
    if instrument == "psqi" and dice.random() < 0.3:
        del a["5j"]


def _sleep_near_a_limit(a: Answers, dice: random.Random) -> None:
    """Hours of sleep that make the efficiency exactly 65, 75 or 85 per cent, or a little less or more."""
    to_bed = int(a["1"][:2]) * 60 + int(a["1"][3:])
    got_up = int(a["3"][:2]) * 60 + int(a["3"][3:])
    in_bed = (got_up - to_bed) % (24 * 60)
    exact = Fraction(in_bed * dice.choice((65, 75, 85)), 6000)
    hours = round(exact + Fraction(dice.choice((-10, -1, 0, 0, 0, 1, 10)), 1000), 3)
    a["4"] = int(hours) if hours.denominator == 1 else float(hours)


def _near_the_limits_of_scl90(dice: random.Random) -> Answers:
    """Totals about 160, positive items about 43 and factors about 2, where chance alone hardly ever comes."""
    a: Answers = {str(number): 1 for number in range(1, 91)}
    if dice.random() < 0.5:
        for number in dice.sample(list(a), dice.randint(41, 46)):
            a[number] = 2
        return a
    factors = (
        (1, 4, 12, 27, 40, 42, 48, 49, 52, 53, 56, 58),
        (3, 9, 10, 28, 38, 45, 46, 51, 55, 65),
        (6, 21, 34, 36, 37, 41, 61, 69, 73),
        (5, 14, 15, 20, 22, 26, 29, 30, 31, 32, 54, 71, 79),
        (2, 17, 23, 33, 39, 57, 72, 78, 80, 86),
        (11, 24, 63, 67, 74, 81),
        (13, 25, 47, 50, 70, 75, 82),
        (8, 18, 43, 68, 76, 83),
        (7, 16, 35, 62, 77, 84, 85, 87, 88, 90),
        (19, 44, 59, 60, 64, 66, 89),
    )
    just_below = [(numbers, len(numbers) - 1) for numbers in factors]
    for numbers, points in just_below:
        for _ in range(points):
            number = str(dice.choice([n for n in numbers[: max(1, len(numbers) // 2)] if a[str(n)] < 5]))
            a[number] = a[number] + 1
    raised = [number for number in a if a[number] > 1]
    for _ in range(dice.randint(5, 14)):
        number = dice.choice([n for n in raised if a[n] > 1])
        a[number] = a[number] - 1
    if dice.random() < 0.3:
        number = dice.choice(list(a))
        a[number] = min(5, a[number] + 1)
    return a
