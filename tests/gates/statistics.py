"""The same statistics by other means: reads {"old", "new"} pairs and shares as JSON, writes what scipy and numpy make of them."""

import itertools
import json
import sys

import numpy
from scipy import stats


def permutation(old, new):
    figures = numpy.array(new + old)
    scores = numpy.log(figures) if (figures > 0).all() else figures
    sides = (scores[: len(new)], scores[len(new) :])
    found = stats.permutation_test(
        sides,
        lambda new, old, axis: numpy.mean(new, axis=axis) - numpy.mean(old, axis=axis),
        alternative="greater",
        n_resamples=numpy.inf,
        vectorized=True,
    )
    return found.pvalue


def left_out(olds, news):
    """Pairs to leave out at either end: the rank sums of all orders, one by one."""
    ranks = range(1, olds + news + 1)
    least = news * (news + 1) // 2
    statistic = numpy.array([sum(order) - least for order in itertools.combinations(ranks, news)])
    values = [value for value in range(olds * news) if (statistic <= value).mean() <= 0.025]
    return max(values) if values else None


def estimate(old, new, of):
    pairs = sorted(of(o, n) for o in old for n in new)
    out = left_out(len(old), len(new))
    return {
        "value": float(numpy.median(pairs)),
        "interval": None if out is None else [pairs[out], pairs[len(pairs) - 1 - out]],
    }


def holm(p):
    order = numpy.argsort(p, kind="stable")
    factors = numpy.arange(len(p), 0, -1)
    adjusted = numpy.minimum(1, numpy.maximum.accumulate(numpy.array(p)[order] * factors))
    out = numpy.empty(len(p))
    out[order] = adjusted
    return out.tolist()


def main():
    asked = json.load(sys.stdin)
    pairs = [
        {
            "p": permutation(pair["old"], pair["new"]),
            "ratio": estimate(pair["old"], pair["new"], lambda old, new: new / old) if min(pair["old"]) > 0 else None,
            "difference": estimate(pair["old"], pair["new"], lambda old, new: new - old),
        }
        for pair in asked["pairs"]
    ]
    wilson = [
        list(stats.binomtest(hits, trials).proportion_ci(0.95, method="wilson")) for hits, trials in asked["shares"]
    ]
    json.dump({"pairs": pairs, "wilson": wilson, "holm": [holm(p) for p in asked["p"]]}, sys.stdout)


main()
