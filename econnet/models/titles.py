"""The titles of models, for readers.

They are kept apart from the models, so that a report can name these without loading
scikit-learn.
"""

from collections.abc import Mapping

from econnet.core import plugins


def baseline_title(name: str) -> str:
    """Return the title of a baseline or a part of econnet, by its name."""
    if name not in TITLES and name in plugins.names("econnet.baselines"):
        from econnet.models import baselines, plugin_baselines

        model = baselines.BASELINES.get(name)
        if isinstance(model, plugin_baselines.PluginModel):
            return model.baseline.title
    return TITLES.get(name, name.replace("_", " "))


# Titles of the baselines, and of econnet's networks, which are compared with them.
TITLES: Mapping[str, str] = {
    "base_rate": "historical average",
    "persistence": "persistence",
    "professional": "professional forecasts",
    "spread_probit": "yield-curve probit",
    "sahm_logit": "Sahm-gap logit",
    "dynamic_probit": "dynamic probit",
    "logit": "logistic regression",
    "naive_bayes": "naive Bayes",
    "extra_trees": "extra trees",
    "random_forest": "random forest",
    "boosting": "gradient boosting",
    "mlp": "scikit-learn network",
    "pool": "mean of the baselines",
    "network": "networks alone",
    "growth_network": "growth networks",
    "professional_logit": "logit of professional forecasts",
}
