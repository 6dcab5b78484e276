"""How the roster is said in Chinese: a stretch of time, the days of a shift, a gap. Pure."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

WEEKDAYS = "一二三四五六日"


def day_word(day: date, today: date) -> str:
    """今天, 明天, 周三, 下周三; further off the date."""
    ahead = (day - today).days
    if ahead in (0, 1):
        return ("今天", "明天")[ahead]
    weeks = (day - timedelta(days=day.weekday()) - (today - timedelta(days=today.weekday()))).days // 7
    if ahead > 0 and weeks in (0, 1):
        return f"{'下' if weeks else ''}周{WEEKDAYS[day.weekday()]}"
    return f"{day.month}月{day.day}日"


def span_words(from_at: datetime, to_at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """下周三 12:00–13:30; over midnight both days are named, and a day's end is 24:00."""
    begin, end, today = from_at.astimezone(zone), to_at.astimezone(zone), now.astimezone(zone).date()
    first = f"{day_word(begin.date(), today)} {begin:%H:%M}"
    if end.date() == begin.date():
        return f"{first}–{end:%H:%M}"
    if end.hour == end.minute == 0 and end.date() == begin.date() + timedelta(days=1):
        return f"{first}–24:00"
    return f"{first} 到{day_word(end.date(), today)} {end:%H:%M}"


def days_words(days: str) -> str:
    """The days of a shift: 每天, 工作日, 休息日, 周一至周五, 周六、周日."""
    if not days.isdigit():
        return {"workday": "工作日", "restday": "休息日"}[days]
    if days == "1234567":
        return "每天"
    if len(days) > 2 and days in "1234567":
        return f"周{WEEKDAYS[int(days[0]) - 1]}至周{WEEKDAYS[int(days[-1]) - 1]}"
    return "、".join(f"周{WEEKDAYS[int(d) - 1]}" for d in days)


def gap_words(
    office: str, duty: str, from_at: datetime, to_at: datetime, now: datetime, zone: ZoneInfo
) -> str:
    """下周三 12:00–13:30 浦沿司法所没有人值班。"""
    nobody = "没有人值班" if duty == "officer" else "没有负责人值班"
    return f"{span_words(from_at, to_at, now, zone)} {office}{nobody}"
