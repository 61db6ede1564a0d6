"""Claims about UC-MSC therapy: a register without verdicts, and the rules that give them.

Nothing here reads evidence or runs the model: numbers come in, verdicts go out.
"""

from funis.claims.register import Claim, Register, claim_of, library_register, load_register
from funis.claims.values import Judgement, Pool, Statement, Verdict

__all__ = [
    "Claim",
    "Judgement",
    "Pool",
    "Register",
    "Statement",
    "Verdict",
    "claim_of",
    "library_register",
    "load_register",
]
