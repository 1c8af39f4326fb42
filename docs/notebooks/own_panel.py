# %% [markdown]
# # Your own panel
#
# econnet reads any panel: firms, regions, sectors. This notebook invents two regions
# whose sales fall in some years. Your own panel is a CSV, Parquet or Excel file with
# the columns `country`, `period` and one column per series.

# %%
import numpy as np
import pandas as pd

from econnet import choose_task, find_country, make_forecast, read_data, run_backtest

rng = np.random.default_rng(0)
years = [str(year) for year in range(1950, 2021)]
regions = []
for name in ("North", "South"):
    orders = np.zeros(len(years))
    for year in range(1, len(years)):
        orders[year] = 0.6 * orders[year - 1] + rng.normal()
    # Sales follow orders by two years, so orders predict them.
    before = np.concatenate([[0, 0], orders[:-2]])
    growth = 1 + 3 * before + rng.normal(0, 1, len(years))
    sales = 100 * np.cumprod(1 + growth / 100)
    regions.append(
        pd.DataFrame(
            {"country": name, "period": years, "sales": sales, "order_balance": orders}
        )
    )
pd.concat(regions).to_csv("sales.csv", index=False)

# %% [markdown]
# ## Read it
#
# econnet infers what a column measures; `kinds` overrides it. Without a column
# `known_at`, a value counts as known one period after its own.

# %%
data = read_data("sales.csv", kinds={"order_balance": "rate"})
task = choose_task(find_country("North", data), data, target="sales")
print(task)

# %% [markdown]
# ## Forecast one region

# %%
forecast = make_forecast("North", data, target="sales", members=2)
print(f"{forecast.period}: {forecast.probability:.0%} that sales fall")

# %% [markdown]
# ## Compare with simpler models
#
# Intervals are those of the difference in log loss: negative means that econnet is
# better.

# %%
result = run_backtest(
    ["North", "South"],
    data,
    target="sales",
    members=2,
    baselines=["persistence", "logit"],
)
for name, performance in result.performances.items():
    print(f"{name:12} Brier {performance.scores.brier:.3f}")
for name, comparison in result.comparisons.items():
    low, high = comparison.log_loss_interval
    print(f"econnet minus {name:12} {low:+.3f} to {high:+.3f} nats (90% interval)")
