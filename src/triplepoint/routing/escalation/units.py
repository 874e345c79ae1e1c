"""Units that are converted into each other, by the words that texts use for them."""

from fractions import Fraction
from typing import Final

_FAMILIES: Final[tuple[dict[str, Fraction], ...]] = tuple(
    {word: Fraction(size) for size, words in family.items() for word in words.split()}
    for family in (
        {
            "1": "second seconds sec secs s sekunde sekunden seconde secondes segundo segundos 秒",
            "60": "minute minutes min mins minuten minuto minutos минут 分 分钟 分鐘",
            "3600": "hour hours hr hrs h stunde stunden heure heures hora horas часов часа 小时 小時 時間",
            "86400": "day days tag tage jour jours día días dia dias день дней 天 日",
            "604800": "week weeks woche wochen semaine semaines semana semanas неделя недель 周 週間",
            "2592000": "month months monat monate mois mes meses месяц месяцев 个月 ヶ月",
            "31536000": "year years jahr jahre an ans année años ano anos год лет 年",
        },
        {
            "1": "millimeter millimeters millimetre millimetres mm",
            "10": "centimeter centimeters centimetre centimetres cm zentimeter",
            "1000": "meter meters metre metres m",
            "1000000": "kilometer kilometers kilometre kilometres km",
            "127/5": "inch inches in",
            "1524/5": "foot feet ft",
            "4572/5": "yard yards yd",
            "1609344": "mile miles mi",
        },
        {
            "1": "gram grams g gramm gramme grammes gramos",
            "1000": "kilogram kilograms kg kilo kilos kilogramm",
            "45359237/100000": "pound pounds lb lbs",
            "45359237/1600000": "ounce ounces oz",
        },
        {
            "1": "milliliter milliliters millilitre ml",
            "1000": "liter liters litre litres l",
            "1/1": "",
        },
        {
            "1": "cent cents penny pennies centime centimes centavo centavos",
            "5": "nickel nickels",
            "10": "dime dimes",
            "25": "quarter quarters",
            "100": "dollar dollars euro euros",
        },
        {"1": "egg eggs item items piece pieces", "12": "dozen dozens dutzend"},
        {"1": "cup cups", "2": "pint pints", "4": "quart quarts", "16": "gallon gallons"},
    )
)
_SIZES: Final = {word: (number, size) for number, family in enumerate(_FAMILIES) for word, size in family.items()}
_ONE: Final = (Fraction(1),)


def family_of(word: str) -> int | None:
    """Return the number of the family that a unit belongs to; None: it is none that is converted."""
    found = _SIZES.get(word)
    return found[0] if found is not None else None


def conversions(from_unit: str, to_unit: str) -> tuple[Fraction, ...]:
    """Return by what an amount may have been multiplied on its way from one unit to another; 1 first.

    A month may have 30 days or a twelfth of a year, and a month four weeks: texts use either.
    """
    start, end = _SIZES.get(from_unit), _SIZES.get(to_unit)
    if start is None or end is None or start[0] != end[0] or start[1] == end[1]:
        return _ONE
    factors = [Fraction(1), start[1] / end[1]]
    months, weeks, days, years = Fraction(2592000), Fraction(604800), Fraction(86400), Fraction(31536000)
    for (small, large), count in {(months, years): 12, (weeks, months): 4, (weeks, years): 52, (days, months): 31}.items():
        if (start[1], end[1]) == (small, large):
            factors.append(Fraction(1, count))
        elif (start[1], end[1]) == (large, small):
            factors.append(Fraction(count))
    return tuple(factors)
