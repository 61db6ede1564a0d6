"""A Gaussian copula over the latents of the parameters that declare a correlation."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from funis.checks import InputError, Issue, nearest

__all__ = ["cholesky_rows", "correlate"]

Correlation = tuple[str, str, float]


def correlate(
    latent: Mapping[str, NDArray[np.float64]], correlations: Iterable[Correlation]
) -> dict[str, NDArray[np.float64]]:
    """Return the latents with the declared correlations; the others as they are.

    Names enter in the order in which the correlations first mention them, so a correlation added
    at the end of the list for a new name changes no other name.

    Parameters
    ----------
    latent
        Independent standard normals (n,) by name.
    correlations
        (name, name, rho); pairs that are not listed have 0 unless the listed ones say more.

    Raises
    ------
    InputError
        A name without a latent, a pair given twice, a rho outside (-1, 1), or correlations that
        contradict each other (the matrix is not positive definite): the pair is named.
    """
    pairs = tuple((first, second, float(rho)) for first, second, rho in correlations)
    _check_pairs(pairs, latent)
    result = dict(latent)
    for name, weights in cholesky_rows(pairs).items():
        total = np.zeros_like(latent[name])
        for other, weight in weights.items():
            total += weight * latent[other]
        result[name] = total
    return result


def cholesky_rows(pairs: tuple[Correlation, ...]) -> dict[str, dict[str, float]]:
    """Return the Cholesky factor of the correlation matrix, row by row.

    Row by row (Cholesky-Banachiewicz) a factor never depends on later names, to the last bit.

    Raises
    ------
    InputError
        The matrix is not positive definite; names the pair.
    """
    wanted = {frozenset(pair[:2]): pair[2] for pair in pairs}
    names = list(dict.fromkeys(name for pair in pairs for name in pair[:2]))
    rows: dict[str, dict[str, float]] = {}
    for name in names:
        row: dict[str, float] = {}
        for other, known in rows.items():
            shared = sum(row[column] * known[column] for column in row if column in known)
            row[other] = (wanted.get(frozenset((name, other)), 0.0) - shared) / known[other]
        rest = 1.0 - sum(weight**2 for weight in row.values())
        if rest <= 1e-12:
            raise InputError(_contradiction(name, list(rows), pairs))
        rows[name] = {**row, name: float(np.sqrt(rest))}
    return rows


def _contradiction(name: str, earlier: list[str], pairs: tuple[Correlation, ...]) -> Issue:
    """Name the pair: of those that join `name` to earlier names, the strongest."""
    suspects = [pair for pair in pairs if name in pair[:2] and set(pair[:2]) <= {name, *earlier}]
    first, second, rho = max(suspects, key=lambda pair: abs(pair[2]))
    message = f"the correlation {rho:g} of '{first}' and '{second}' contradicts the others"
    return Issue(None, None, "correlations", message, expected="a positive definite matrix")


def _check_pairs(pairs: tuple[Correlation, ...], latent: Mapping[str, NDArray[np.float64]]) -> None:
    issues: list[Issue] = []
    seen: set[frozenset[str]] = set()
    for place, (first, second, rho) in enumerate(pairs):
        key = f"correlations[{place}]"
        for name in (first, second):
            if name not in latent:
                message = f"'{name}' is not a parameter with a distribution"
                issues.append(Issue(None, None, key, message, nearest=nearest(name, latent)))
        if not -1.0 < rho < 1.0:
            message = f"the correlation {rho:g} of '{first}' and '{second}' is out of range"
            issues.append(Issue(None, None, key, message, expected="above -1 and below 1"))
        if first == second or frozenset((first, second)) in seen:
            message = f"the pair '{first}' and '{second}' is given twice or is one name"
            issues.append(Issue(None, None, key, message, expected="each pair of two names once"))
        seen.add(frozenset((first, second)))
    if issues:
        raise InputError(issues)
