"""The cohort of a trial: a recipe over fixed blocks of patients, and who gets what where."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.population.streams import Counter, normal, uniform

__all__ = ["BLOCK_PATIENTS", "Cohort", "allocate", "blocks", "site_effect", "site_of"]

BLOCK_PATIENTS = 512


@dataclass(frozen=True, slots=True)
class Cohort:
    """The patients enrolled in one trial, as a recipe: nothing is drawn until a block is asked for.

    Parameters
    ----------
    pool_hash
        Content hash of the `Pool` that the patients come from.
    seed
        Seed of the trial.
    n
        Number of patients in all arms together.
    block
        Patients in a block; summaries are reduced over blocks in order.
    """

    pool_hash: str
    seed: int
    n: int
    block: int = BLOCK_PATIENTS

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"a cohort has at least one patient; got {self.n}")
        if self.block < 1:
            raise ValueError(f"a block has at least one patient; got {self.block}")

    @property
    def blocks(self) -> tuple[range, ...]:
        """The patient indices of every block, in order."""
        return blocks(self.n, self.block)


def blocks(n: int, block: int = BLOCK_PATIENTS) -> tuple[range, ...]:
    """Return the patient indices of every fixed block; only the last may be short."""
    return tuple(range(start, min(start + block, n)) for start in range(0, n, block))


def allocate(
    seed: int,
    n_per_arm: int,
    arms: Sequence[str],
    multiple: int = 1,
    ratio: Sequence[int] | None = None,
) -> NDArray[np.int64]:
    """Return the arm of every patient from keyed permuted blocks.

    The arm of patient k depends on seed, k, arms, multiple and ratio alone, so a larger trial
    begins with the same allocation.

    Parameters
    ----------
    seed
        Seed of the trial.
    n_per_arm
        Patients in an arm of ratio 1; an arm of ratio r gets r times as many.
    arms
        Arm ids in protocol order.
    multiple
        A block holds every arm `multiple * ratio` times. Where `multiple` does not divide
        `n_per_arm` the last block is cut and arms may differ by up to `multiple * ratio`.
    ratio
        Positive whole numbers, one per arm; all 1 if left out.

    Returns
    -------
    int64 array (n_patients,): index into `arms`.

    Raises
    ------
    ValueError
        No arm, a repeated arm, a ratio of another length, or a number below 1.
    """
    shares = tuple(ratio) if ratio is not None else (1,) * len(arms)
    _check_allocation(n_per_arm, arms, multiple, shares)
    pattern = np.repeat(np.arange(len(arms)), np.asarray(shares) * multiple)
    n = n_per_arm * sum(shares)
    block = np.arange(-(-n // pattern.size))
    luck = uniform(seed, "allocate", block[:, None], np.arange(pattern.size))
    order = np.argsort(luck, axis=1, kind="stable")
    return pattern[order].reshape(-1)[:n].astype(np.int64)


def site_of(patient: NDArray[np.int64], patients_per_site: int) -> NDArray[np.int64]:
    """Return the site of each patient: sites fill up one after the other."""
    if patients_per_site < 1:
        raise ValueError(f"a site has at least one patient; got {patients_per_site}")
    return np.asarray(patient, dtype=np.int64) // patients_per_site


def site_effect(seed: int, site: Counter, purpose: str) -> NDArray[np.float64]:
    """Return the standard normal effect of each site for one purpose."""
    return normal(seed, f"site {purpose}", site)


def _check_allocation(
    n_per_arm: int, arms: Sequence[str], multiple: int, shares: tuple[int, ...]
) -> None:
    if not arms or len(set(arms)) != len(arms):
        raise ValueError(f"arms must be named once each; got {list(arms)}")
    if len(shares) != len(arms):
        raise ValueError(f"ratio has {len(shares)} numbers for {len(arms)} arms")
    if min(n_per_arm, multiple, *shares) < 1:
        raise ValueError("n_per_arm, multiple and ratio must be 1 or more")
