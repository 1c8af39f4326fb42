# %% [markdown]
# # One country, from data to report
#
# This notebook loads the data of Germany, dates its past contractions, forecasts the
# next quarter and writes the report. It takes about a minute and needs no internet
# connection, because a snapshot of real data ships with econnet.

# %%
from econnet import (
    build_panel,
    list_indicators,
    make_forecast,
    mark_contractions,
    read_data,
    write_report,
)

data = read_data()
print(f"from the {data.source}: {len(data.observations):,} observations")

# %% [markdown]
# ## The data
#
# A panel contains every indicator of every country at one frequency, as known on a
# date. With an earlier date, it contains only what had been published by then.

# %%
panel = build_panel(data, "Q")
germany = panel.values.loc["DEU"].dropna(axis="columns", how="all")
print(f"{germany.shape[1]} quarterly indicators, {germany.index[0]} to today")
print(germany["real_gdp"].dropna().tail(4))

earlier = build_panel(data, "Q", as_of="2008-11-30")
print(earlier.values.loc["DEU", "real_gdp"].dropna().tail(2))

# %% [markdown]
# ## Past contractions
#
# A label rule defines a contraction. Each label has the date on which it became
# known, and no model uses it before that date.

# %%
label = mark_contractions(panel, "year-on-year")
marks = label.values.loc["DEU"].dropna()
print(f"{marks.sum():.0f} of {len(marks)} quarters below the year before")
print(label.known_at.loc["DEU"].dropna().tail(2))

# %% [markdown]
# ## The forecast
#
# The track record consists of the forecasts that the model would have made in the
# past, each trained on what was known at the time. `pool="own"` trains on Germany
# alone and `members=2` uses two networks, which is quick; leave both out for the
# forecast of `econnet train`.

# %%
forecast = make_forecast(
    "Germany", data, label="year-on-year", horizon=1, pool="own", members=2
)
low, high = forecast.interval
print(f"{forecast.period}: {forecast.probability:.0%} ({low:.0%} to {high:.0%})")
print(f"historical average {forecast.base_rate:.0%}")

# %% [markdown]
# ## The accuracy of past forecasts
#
# A Brier score is a cost: lower is better. The historical average is the forecast
# without a model.

# %%
print(f"econnet    {forecast.assessment.metrics.brier:.3f}")
for name, scores in forecast.assessment.baselines.items():
    print(f"{name:10} {scores.brier:.3f}")

# %% [markdown]
# ## Drivers
#
# Contributions to the forecast, in log-odds.

# %%
for driver in forecast.explanation.drivers[:5]:
    print(f"{driver.contribution:+.2f}  {driver.title}")
print(list_indicators("consumer prices")[["indicator", "title"]])

# %% [markdown]
# ## The report

# %%
for path in write_report(forecast, "reports/DEU", formats=["json", "html"]):
    print(path)
