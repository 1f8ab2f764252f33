"""Numbers as people read them."""


def count(value: float) -> str:
    """A whole number with its thousands apart: `1,000,000`."""
    return f"{value:,.0f}"


def short_count(value: float) -> str:
    """A round number in words where it is large, for the axis of a picture: `10 million`, `100,000`, `0.1`."""
    for size, name in ((10**9, "billion"), (10**6, "million")):
        if value >= size:
            return f"{value / size:,.0f} {name}"
    return count(value) if value >= 1 else f"{value:g}"


def duration(seconds: float) -> str:
    """A time in the unit that suits it: `3.1 ms`, `42.0 s`."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.1f} µs"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"


def megabytes(size: int | None) -> str:
    """A size in MB; a dash for none."""
    return "-" if size is None else f"{size / 2**20:.0f} MB"


def dollars(amount: float) -> str:
    """An amount of money with two significant digits below a dollar: `$0.0042`, `$12.40`."""
    if amount == 0:
        return "0"
    return f"${amount:,.2f}" if amount >= 1 else f"${amount:.2g}" if amount >= 0.0001 else "< $0.0001"
