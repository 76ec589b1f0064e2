"""The Universal Scalability Law: throughput against concurrency, fitted to many sets of points at once.

X(N) = gamma N / (1 + sigma (N - 1) + kappa N (N - 1)): what waits in line for something shared is sigma, what waits
for all others to agree is kappa (Gunther, Guerrilla Capacity Planning 2007). Its least squares are those of throughput,
as the package usl for R has them. In N / X, the response time, the law is linear, and Gauss-Newton on throughput is a
linear fit in it with every row weighed by fitted X squared over N: the first step is the textbook's linear fit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# What may be zero: nothing, kappa, sigma, both. Beyond sigma 1 no law is left; then throughput is a plateau.
TERMS = ((0, 1, 2), (0, 1), (0, 2), (0,))
STEPS, LENGTHS, CLOSE = 15, (1.0, 0.4, 0.1), 1e-9


@dataclass(frozen=True)
class Law:
    """Fitted laws: arrays of gamma, sigma and kappa, one place per set of points."""

    gamma: NDArray
    sigma: NDArray
    kappa: NDArray

    @property
    def peak_concurrency(self) -> NDArray:
        """Where throughput is highest; infinite without kappa."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.kappa > 0, np.sqrt((1 - self.sigma) / self.kappa), np.inf)

    @property
    def capacity(self) -> NDArray:
        """The highest throughput: at the peak; without kappa the asymptote gamma / sigma, without both infinite."""
        slowest = self.sigma - self.kappa + 2 * np.sqrt(self.kappa * (1 - self.sigma))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(slowest > 0, self.gamma / slowest, np.inf)

    def throughput(self, concurrency: NDArray) -> NDArray:
        """X(N), one row per law."""
        n = np.asarray(concurrency, float)
        gamma, sigma, kappa = (each[:, None] for each in (self.gamma, self.sigma, self.kappa))
        return gamma * n / (1 + sigma * (n - 1) + kappa * n * (n - 1))


def fitted(concurrency: NDArray, throughput: NDArray, weights: NDArray, *, kappa: bool = True) -> Law:
    """The law of every row of points (2-dimensional arrays), sigma and kappa from 0 on; a weight of 0 is no point.

    Without `kappa` there is none: throughput then has an asymptote and no peak.
    """
    n, x = (np.where(weights > 0, each, 1.0) for each in (concurrency, throughput))
    rows = np.stack([np.ones_like(n), n - 1, n * (n - 1)], axis=-1)
    best, least = np.zeros((len(n), 3)), np.full(len(n), np.inf)
    for terms in TERMS if kappa else TERMS[1::2]:
        some, squares = _least_squares(rows[..., terms], n, x, weights)
        terms_of_all = np.zeros((len(n), 3))
        terms_of_all[:, terms] = some
        base, shared, mutual = terms_of_all.T
        lawful = (base > 0) & (shared >= 0) & (shared <= base) & (mutual >= 0)
        # The shorter law must be better by more than what rounding makes.
        better = lawful & (squares < least * (1 - 1e-9))
        best[better], least[better] = terms_of_all[better], squares[better]
    plateau, squares = _least_squares(n[..., None], n, x, weights)
    flat = squares < least * (1 - 1e-9)
    best[flat] = plateau[flat] * [1, 1, 0]
    return Law(1 / best[:, 0], best[:, 1] / best[:, 0], best[:, 2] / best[:, 0])


def _least_squares(rows: NDArray, n: NDArray, x: NDArray, weights: NDArray) -> tuple[NDArray, NDArray]:
    """Terms of the response time that fit throughput best, and the weighted squares that are left."""
    root = np.sqrt(weights)

    def judged(terms: NDArray) -> tuple[NDArray, NDArray]:
        response = np.einsum("smt,st->sm", rows, terms)
        throughput = n / np.where(response > 0, response, np.nan)
        squares = (weights * (throughput - x) ** 2).sum(axis=1)
        return np.where(response > 0, throughput, x), np.where(np.isnan(squares), np.inf, squares)

    terms = _linear(rows, root * x**2 / n, root * x)
    predicted, least = judged(terms)
    for _ in range(STEPS):
        aim = _linear(rows, root * predicted**2 / n, root * (2 * predicted - x))
        before = least
        for length in LENGTHS:
            trial = terms + length * (aim - terms)
            throughput, squares = judged(trial)
            better = squares < least
            terms, predicted = (np.where(better[:, None], *pair) for pair in ((trial, terms), (throughput, predicted)))
            least = np.where(better, squares, least)
            if better.all():
                break
        if not (least < before * (1 - CLOSE)).any():
            break
    return terms, least


def _linear(rows: NDArray, weights: NDArray, values: NDArray) -> NDArray:
    """Weighted linear least squares of every set, its columns brought to one length so that none is lost."""
    weighted = rows * weights[..., None]
    length = np.sqrt((weighted**2).sum(axis=1, keepdims=True))
    scaled = weighted / np.where(length > 0, length, 1)
    normal = np.einsum("smt,smu->stu", scaled, scaled) + 1e-12 * np.eye(rows.shape[-1])
    answer = np.einsum("smt,sm->st", scaled, values)
    return np.linalg.solve(normal, answer[..., None])[..., 0] / np.where(length > 0, length, 1)[:, 0]
