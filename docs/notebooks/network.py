# %% [markdown]
# # The network on its own
#
# econnet's neural network works like any scikit-learn classifier. Here it separates
# two half moons, which no straight line does.

# %%
from sklearn.datasets import make_moons
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from econnet import Architecture, Network, NetworkClassifier

X, y = make_moons(500, noise=0.2, random_state=0)
for classifier in (LogisticRegression(), NetworkClassifier(epochs=50)):
    score = cross_val_score(classifier, X, y, cv=3, scoring="neg_log_loss")
    print(f"{type(classifier).__name__:18} log loss {-score.mean():.3f}")

# %% [markdown]
# ## Architecture and parameters
#
# An architecture is a list of layers. Three networks, the members, are stored in one
# array with a row per member.

# %%
architecture = Architecture.parse(
    [
        {"input_dim": 2, "output_dim": 8, "activation": "relu"},
        {"input_dim": 8, "output_dim": 1, "activation": "sigmoid"},
    ]
)
network = Network(architecture, members=3, seed=0)
print(architecture)
print(network.parameters.shape)
