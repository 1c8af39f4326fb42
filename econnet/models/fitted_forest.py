"""A fitted forest as arrays, which a model file can keep and any process can use.

The probabilities are those of the forest to the bit: each tree's leaf is found by the
same comparisons, and leaves are added in the order of the trees.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from econnet.core.types import Floats
from econnet.models.probability_trees import ProbabilityExtraTrees, ProbabilityForest

# Trees of at most a thousand rows, as `baselines` grows them, are far below these.
MAX_NODES = 1_000_000
MAX_TREES = 1_000
MAX_DEPTH = 1_000


@dataclass(frozen=True, eq=False)
class FittedForest:
    """The nodes of a forest's trees, one tree after another, parents before children.

    Parameters
    ----------
    roots : array (trees,)
        The first node of each tree.
    left, right : arrays (nodes,)
        The node for inputs up to the threshold, and for larger ones; a leaf's are the
        leaf itself.
    feature, threshold : arrays (nodes,)
        The input that a node compares with its threshold; 0 in leaves.
    share : array (nodes,)
        The share of contractions among the training rows of a node.
    """

    roots: npt.NDArray[np.int32]
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    feature: npt.NDArray[np.int32]
    threshold: Floats
    share: Floats

    @classmethod
    def of(cls, forest: ProbabilityExtraTrees | ProbabilityForest) -> "FittedForest":
        """Return the nodes of a fitted forest with one output."""
        trees = [estimator.tree_ for estimator in forest.estimators_]
        sizes = [tree.node_count for tree in trees]
        roots = np.cumsum([0, *sizes[:-1]])
        first = np.repeat(roots, sizes)
        own = np.arange(sum(sizes))

        def together(name: str) -> np.ndarray:
            return np.concatenate([getattr(tree, name) for tree in trees])

        left, right = together("children_left"), together("children_right")
        is_leaf = left < 0
        return cls(
            roots.astype(np.int32),
            np.where(is_leaf, own, first + left).astype(np.int32),
            np.where(is_leaf, own, first + right).astype(np.int32),
            np.where(is_leaf, 0, together("feature")).astype(np.int32),
            np.where(is_leaf, 0.0, together("threshold")),
            together("value")[:, 0, 0].astype(np.float64),
        )

    def check(self, inputs: int) -> None:
        """Raise `ValueError` unless these are trees that use this many inputs."""
        nodes, trees = self.left.size, self.roots.size
        if not (0 < trees <= MAX_TREES and trees <= nodes <= MAX_NODES):
            raise ValueError(f"a forest has {trees:,} trees of {nodes:,} nodes")
        for name in ("roots", "left", "right", "feature"):
            self._check_kind(
                name, np.dtype(np.int32), trees if name == "roots" else nodes
            )
        for name in ("threshold", "share"):
            self._check_kind(name, np.dtype(np.float64), nodes)
        own = np.arange(nodes)
        is_leaf = self.left == own
        inner = np.flatnonzero(~is_leaf)
        children = np.concatenate([self.left[inner], self.right[inner]])
        valid = {
            "roots in order": self.roots[0] == 0
            and bool((np.diff(self.roots) > 0).all())
            and bool(self.roots[-1] < nodes),
            "leaves without children": bool(
                (self.right[is_leaf] == own[is_leaf]).all()
            ),
            "children behind their parents": bool(
                (children > np.tile(inner, 2)).all() and (children < nodes).all()
            ),
            "inputs that exist": bool(
                ((self.feature >= 0) & (self.feature < inputs)).all()
            ),
            "shares": bool(((self.share >= 0) & (self.share <= 1)).all()),
            "finite thresholds": bool(np.isfinite(self.threshold).all()),
        }
        for property_, is_valid in valid.items():
            if not is_valid:
                raise ValueError(f"a forest lacks {property_}")
        parents = np.bincount(children, minlength=nodes)
        parents[self.roots] += 1
        if not (parents == 1).all():
            raise ValueError("a forest has nodes that are not in exactly one place")
        if self.depth > MAX_DEPTH:
            raise ValueError(f"a forest has trees deeper than {MAX_DEPTH:,}")

    def _check_kind(self, name: str, dtype: np.dtype[np.generic], length: int) -> None:
        array = getattr(self, name)
        if array.dtype != dtype or array.shape != (length,):
            raise ValueError(
                f"a forest's {name} are {array.shape} of {array.dtype}, not "
                f"{(length,)} of {dtype}"
            )

    @cached_property
    def depth(self) -> int:
        """The number of comparisons from a root to the deepest leaf."""
        level, depth = self.roots, 0
        while (inner := level[self.left[level] != level]).size and depth <= MAX_DEPTH:
            level = np.concatenate([self.left[inner], self.right[inner]])
            depth += 1
        return depth

    def probability(self, raw: Floats, scaled: npt.NDArray[np.float32]) -> Floats:  # noqa: ARG002
        """Return the probability of contraction for rows of features, (rows,)."""
        rows = np.arange(len(scaled))
        nodes = np.repeat(self.roots[:, None], len(scaled), axis=1)
        for _ in range(self.depth):
            is_low = scaled[rows, self.feature[nodes]] <= self.threshold[nodes]
            nodes = np.where(is_low, self.left[nodes], self.right[nodes])
        total = np.zeros(len(scaled))
        for leaves in nodes:  # the sum of an axis may be in another order
            total += self.share[leaves]
        return total / len(self.roots)
