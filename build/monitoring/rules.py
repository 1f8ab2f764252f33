"""The rule of a composite alarm: functions of the states of other alarms, combined by AND, OR, NOT and parentheses.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from build.monitoring.evaluation import State

_TOKEN = re.compile(
    r"""\s*(?:(?P<function>ALARM|OK|INSUFFICIENT_DATA)\(\s*"?(?P<alarm>[^"()]+?)"?\s*\)|(?P<word>\w+|[()]))"""
)


class RuleError(ValueError):
    """A text that is no rule, or a rule that names an alarm which does not exist; the message is one sentence."""


def composite_state(rule: str, states: Mapping[str, State]) -> State:
    """The state of a composite alarm: ALARM when its rule is true, else OK.

    Args:
        rule: its AlarmRule.
        states: of all alarms, by name and by ARN.

    Raises:
        RuleError: when the rule cannot be evaluated.
    """
    return State.ALARM if _Parser(_tokens(rule), states).rule() else State.OK


@dataclass(frozen=True)
class _Token:
    """A word or parenthesis, or a function with the alarm that it is of."""

    word: str
    alarm: str = ""


def _tokens(rule: str) -> list[_Token]:
    tokens, place = [], 0
    while rule[place:].strip():
        found = _TOKEN.match(rule, place)
        if not found:
            raise RuleError(f"the rule cannot be read from {rule[place:]!r} on.")
        tokens.append(_Token(found["function"] or found["word"], found["alarm"] or ""))
        place = found.end()
    return tokens


@dataclass
class _Parser:
    """Evaluates while it parses: NOT binds closer than AND, which binds closer than OR."""

    tokens: list[_Token]
    states: Mapping[str, State]
    place: int = field(default=0)

    def rule(self) -> bool:
        value = self._any()
        if self.place < len(self.tokens):
            raise RuleError(f"the rule has {self.tokens[self.place].word!r} where it should end.")
        return value

    def _any(self) -> bool:
        value = self._all()
        while self._took("OR"):
            value |= self._all()
        return value

    def _all(self) -> bool:
        value = self._term()
        while self._took("AND"):
            value &= self._term()
        return value

    def _term(self) -> bool:
        if self._took("NOT"):
            return not self._term()
        if self._took("("):
            value = self._any()
            if not self._took(")"):
                raise RuleError("the rule lacks a closing parenthesis.")
            return value
        return self._operand()

    def _operand(self) -> bool:
        token = self.tokens[self.place] if self.place < len(self.tokens) else _Token("its end")
        self.place += 1
        if token.alarm:
            return self._state(token.alarm) == token.word
        if token.word not in ("TRUE", "FALSE"):
            raise RuleError(f"the rule has {token.word!r} where an alarm's state should be.")
        return token.word == "TRUE"

    def _state(self, alarm: str) -> State:
        if alarm not in self.states:
            raise RuleError(f"the rule names the alarm {alarm!r}, which does not exist.")
        return self.states[alarm]

    def _took(self, word: str) -> bool:
        """Whether this word is next; if so, it is passed."""
        taken = self.place < len(self.tokens) and self.tokens[self.place] == _Token(word)
        self.place += taken
        return taken
