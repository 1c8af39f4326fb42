# %% [markdown]
# # One country, from data to report
#
# Germany, quarter by quarter: what is known of it, when it contracted, how likely it is
# to contract next, and how far that can be trusted. Runs as it is in a minute or less
# (`python docs/notebooks/one_country.py`), and cell by cell in an editor that knows
# `# %%`. Nothing here needs a network: a snapshot of real data comes with econnet.

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
# ## What is known
#
# A panel holds every indicator of every country at one frequency, as known on a date.
# Ask for an earlier date, and later figures are gone.

# %%
panel = build_panel(data, "Q")
germany = panel.values.loc["DEU"].dropna(axis="columns", how="all")
print(f"{germany.shape[1]} quarterly indicators, {germany.index[0]} to today")
print(germany["real_gdp"].dropna().tail(4))

earlier = build_panel(data, "Q", as_of="2008-11-30")
print(earlier.values.loc["DEU", "real_gdp"].dropna().tail(2))

# %% [markdown]
# ## When it contracted
#
# A label rule says what a contraction is. Each label has the date on which it became
# known, so that nothing learns from it before.

# %%
label = mark_contractions(panel, "year-on-year")
marks = label.values.loc["DEU"].dropna()
print(f"{marks.sum():.0f} of {len(marks)} quarters below the year before")
print(label.known_at.loc["DEU"].dropna().tail(2))

# %% [markdown]
# ## How likely it is to contract next
#
# The networks are trained anew at each refit of a replayed history, and what they said
# then is the track record. `pool="own"` learns from Germany alone and `members=2` are
# few, which is quick; leave both out for the forecast that `econnet train` makes.

# %%
forecast = make_forecast(
    "Germany", data, label="year-on-year", horizon=1, pool="own", members=2
)
low, high = forecast.interval
print(f"{forecast.period}: {forecast.probability:.0%} ({low:.0%} to {high:.0%})")
print(f"historical average {forecast.base_rate:.0%}")

# %% [markdown]
# ## How far to trust it
#
# A Brier score is a cost: lower is better. The historical average is the forecast
# without a model.

# %%
print(f"econnet    {forecast.assessment.metrics.brier:.3f}")
for name, scores in forecast.assessment.baselines.items():
    print(f"{name:10} {scores.brier:.3f}")

# %% [markdown]
# ## What drives it

# %%
for driver in forecast.explanation.drivers[:5]:
    print(f"{driver.contribution:+.2f}  {driver.title}")
print(list_indicators("consumer prices")[["indicator", "title"]])

# %% [markdown]
# ## The report

# %%
for path in write_report(forecast, "reports/DEU", formats=["json", "html"]):
    print(path)
