# ruff: noqa: E501 - lines of recorded answers
import io
from collections.abc import Callable
from contextlib import redirect_stdout, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econnet.core.errors import SourceError
from econnet.core.periods import Frequency
from econnet.data.sources import sdmx_ml
from tests.data.sources import sdmx_answers
from tests.data.sources.sdmx_answers import Observation, Series, series

FLOW, DIMENSIONS = "une_rt_m", ("FREQ", "UNIT", "GEO")
GERMANY = {"freq": "M", "unit": "PC_ACT", "geo": "DE"}
Write = Callable[[str, list[Series]], str]
BOTH_FORMS = pytest.mark.parametrize(
    "write", [sdmx_answers.structure_specific, sdmx_answers.generic]
)


def read(
    text: str | bytes, frequency: Frequency = "M", *, forecasts: bool = False
) -> sdmx_ml.Answer:
    content = text.encode() if isinstance(text, str) else text
    return sdmx_ml.read(
        content, DIMENSIONS, frequency, SourceError, forecasts=forecasts
    )


def values(answer: sdmx_ml.Answer) -> dict[str, float]:
    return dict(zip(answer.rows["period"], answer.rows["value"], strict=True))


def message(text: str | bytes) -> str:
    """Return the error for an answer, after checking that nothing is printed."""
    printed = io.StringIO()
    with redirect_stdout(printed), pytest.raises(SourceError) as caught:
        read(text)
    assert printed.getvalue() == ""
    [line] = str(caught.value).splitlines()
    return line


@BOTH_FORMS
@settings(max_examples=30)
@given(
    served=st.lists(
        st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=12
    )
)
def test_values_are_those_served_to_the_last_digit(
    write: Write, served: list[float]
) -> None:
    by_month = {
        f"2020-{month:02d}": value for month, value in enumerate(served, start=1)
    }
    texts = {month: repr(value) for month, value in by_month.items()}
    assert values(read(write(FLOW, [series(GERMANY, texts)]))) == by_month


@BOTH_FORMS
def test_a_multiplier_is_applied_with_one_rounding(write: Write) -> None:
    # 1.005 has no exact double: 1.005 * 1e6 rounds twice, to 1004999.9999999999.
    given = series(GERMANY, {"2020-01": "1.005", "2020-02": "2e-3"}, UNIT_MULT="6")
    assert values(read(write(FLOW, [given]))) == {
        "2020-01": 1_005_000.0,
        "2020-02": 2_000.0,
    }


def test_a_multiplier_of_the_data_set_is_applied() -> None:
    text = sdmx_answers.structure_specific(
        FLOW, [series(GERMANY, {"2020-01": "3"})], {"UNIT_MULT": "3"}
    )
    assert values(read(text)) == {"2020-01": 3_000.0}


def test_a_multiplier_of_a_group_is_refused_rather_than_ignored() -> None:
    text = sdmx_answers.structure_specific(
        FLOW, [series(GERMANY, {"2020-01": "3"})], groups=[{"UNIT_MULT": "6"}]
    )
    assert "multipliers by groups" in message(text)


@BOTH_FORMS
def test_missing_values_and_forecasts_are_left_out(write: Write) -> None:
    given = Series(
        GERMANY,
        [
            Observation("2020-01", "5.1", {"OBS_FLAG": "p"}),
            Observation("2020-02", "NaN", {"OBS_STATUS": "M"}),
            Observation("2020-03", None),
            Observation("2020-04", "5.4", {"OBS_FLAG": "ef"}),
            Observation("2020-05", "5.5", {"OBS_STATUS": "F"}),
            # The BIS marks what is free for publication by `F`, too.
            Observation("2020-06", "5.6", {"OBS_STATUS": "A", "OBS_CONF": "F"}),
        ],
    )
    text = write(FLOW, [given])
    assert values(read(text)) == {"2020-01": 5.1, "2020-06": 5.6}
    assert set(values(read(text, forecasts=True))) == {
        *("2020-01", "2020-04", "2020-05", "2020-06")
    }


@pytest.mark.parametrize(
    ("frequency", "text", "standard"),
    [
        ("A", "2020", "2020"),
        ("Q", "2020-Q3", "2020Q3"),
        ("M", "2020-07", "2020-07"),
        ("M", "2025-M07", "2025-07"),  # the IMF
    ],
)
def test_each_way_of_writing_a_period_is_read(
    frequency: Frequency, text: str, standard: str
) -> None:
    answer = sdmx_answers.structure_specific(FLOW, [series(GERMANY, {text: "1"})])
    assert values(read(answer, frequency)) == {standard: 1.0}


@pytest.mark.parametrize("time", ["2020-Q1", "2020", "2020-01-15", "2020-W07", ""])
def test_a_period_of_another_frequency_fails(time: str) -> None:
    answer = sdmx_answers.structure_specific(FLOW, [series(GERMANY, {time: "1"})])
    assert "not of frequency M" in message(answer)


@pytest.mark.parametrize("value", ["1e999", "inf", "1,5", "1_0", "0x1", "five", "٣"])
def test_a_value_that_is_not_a_finite_number_fails(value: str) -> None:
    answer = sdmx_answers.structure_specific(
        FLOW, [series(GERMANY, {"2020-01": value})]
    )
    assert "a value is" in message(answer)


def test_a_series_without_one_of_the_dimensions_fails() -> None:
    renamed = {"freq": "M", "measure": "PC_ACT", "geo": "DE"}
    answer = sdmx_answers.structure_specific(FLOW, [series(renamed, {"2020-01": "1"})])
    assert message(answer) == "the answer's format has changed: there is no UNIT"


def test_attributes_of_the_data_set_are_kept() -> None:
    answer = sdmx_answers.structure_specific(
        FLOW, [series(GERMANY, {"2020-01": "1"})], {"UPDATE_DATE": "2025-11-19"}
    )
    assert read(answer).attributes == {"action": "Replace", "UPDATE_DATE": "2025-11-19"}


@BOTH_FORMS
def test_an_answer_that_breaks_off_fails_wherever_it_ends(write: Write) -> None:
    whole = write(FLOW, [series(GERMANY, {"2020-01": "1", "2020-02": "2"})]).rstrip()
    for end in range(len(whole) - 1, 0, -37):
        assert message(whole[:end])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the answer is empty"),
        ("<!DOCTYPE html>\n<html><body>Busy</body></html>", "not SDMX"),
        ("<html><body>Busy</body></html>", "not SDMX"),
        ('{"errors": []}', "not SDMX"),
        (sdmx_answers.error("No results"), "a message, not data: No results"),
        (
            sdmx_answers.footer(FLOW, "https://later.example/data.zip"),
            "a message, not data: https://later.example/data.zip",
        ),
        (
            "<soap:Fault xmlns:soap='x'><faultstring>Unknown code</faultstring>"
            "</soap:Fault>",
            "a message, not data: Unknown code",
        ),
        ("<a><b/></a>", "format has changed"),
    ],
)
def test_answer_that_is_not_data_fails_with_one_plain_line(
    text: str, reason: str
) -> None:
    assert reason in message(text)


def test_entities_are_neither_expanded_nor_read_from_files() -> None:
    whole = sdmx_answers.structure_specific(FLOW, [series(GERMANY, {"2020-01": "1"})])
    head, _, body = whole.partition("\n")
    laughs = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    for document_type in (
        f'<!DOCTYPE x [<!ENTITY a0 "ha">{laughs}]>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
    ):
        attack = head + document_type + body.replace("SENDER", "&a9;")
        assert "declares a document type" in message(attack)
        # In another encoding the declaration would not be seen.
        assert message(attack.encode("utf-16"))
        assert message(attack.replace("UTF-8", "UTF-16").encode("utf-16"))


def test_an_answer_with_too_many_values_is_abandoned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sdmx_ml, "MAX_VALUES", 2)
    months = {f"2020-{month:02d}": "1" for month in range(1, 4)}
    answer = sdmx_answers.structure_specific(FLOW, [series(GERMANY, months)])
    assert "more than 2 values" in message(answer)


def test_a_deeply_nested_answer_fails() -> None:
    assert message("<a>" * 5_000 + "</a>" * 5_000)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_damaged_answer_gives_an_error_of_ours_or_values(data: st.DataObject) -> None:
    whole = sdmx_answers.structure_specific(
        FLOW, [series(GERMANY, {"2020-01": "1", "2020-02": "2"}, UNIT_MULT="0")]
    ).encode()
    place = data.draw(st.integers(0, len(whole) - 1))
    damaged = bytearray(whole)
    damaged[place : place + data.draw(st.integers(0, 9))] = data.draw(
        st.binary(max_size=9)
    )
    with suppress(SourceError):
        answer = read(bytes(damaged))
        assert set(answer.rows.columns) == {*DIMENSIONS, "period", "value"}


# The elements and attributes of recorded answers, with values of our own: Eurostat puts
# the data set into a namespace of its own, the IMF groups before series, the BIS no type.
EUROSTAT = """<?xml version="1.0" encoding="UTF-8"?>
<m:StructureSpecificData xmlns:m="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
 xmlns:s="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/data/structurespecific"
 xmlns:u="urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure=ESTAT:X(32.1):ObsLevelDim:TIME_PERIOD"
 xmlns:c="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <m:Header>
    <m:ID>6EC616C41A1449948584F6B5E3749E2B</m:ID><m:Test>false</m:Test>
    <m:Prepared>2026-11-11T12:30:30.333Z</m:Prepared><m:Sender id="ESTAT"/>
    <m:Structure dimensionAtObservation="TIME_PERIOD" structureID="STR1">
      <c:StructureUsage><Ref id="X" agencyID="ESTAT" version="1.0"/></c:StructureUsage>
    </m:Structure>
    <m:DataSetID>X</m:DataSetID><m:Extracted>2026-11-11T12:30:30.333Z</m:Extracted>
  </m:Header>
  <u:DataSet s:structureRef="STR1" s:dataScope="DataStructure" xsi:type="u:DataSetType">
    <Series geo="DE" unit="PC_ACT" freq="M"><Obs TIME_PERIOD="2026-08" OBS_VALUE="3.9"/></Series>
  </u:DataSet>
</m:StructureSpecificData>
"""
IMF = """<?xml version="1.0" encoding="UTF-8"?>
<message:StructureSpecificData
 xmlns:ss="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/data/structurespecific"
 xmlns:footer="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message/footer"
 xmlns:ns1="urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=IMF.RES:X(9.0.0):ObsLevelDim:TIME_PERIOD"
 xmlns:message="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
 xmlns:common="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <message:Header>
    <message:ID>DS1775148811587</message:ID><message:Test>false</message:Test>
    <message:Prepared>2026-04-02T16:53:31Z</message:Prepared><message:Sender id="iData"/>
    <message:Structure structureID="IMF.RES_X_9_0_0" dimensionAtObservation="TIME_PERIOD"
     namespace="urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=IMF.RES:X(9.0.0):ObsLevelDim:TIME_PERIOD">
      <common:StructureUsage><Ref agencyID="IMF.RES" id="X" version="9.0.0"/></common:StructureUsage>
    </message:Structure>
    <message:DataSetAction>Replace</message:DataSetAction>
  </message:Header>
  <message:DataSet ss:dataScope="DataStructure" xsi:type="ns1:DataSetType"
   ss:structureRef="IMF.RES_X_9_0_0" action="Replace" PUBLICATION_DATE="2025-10-14T13:00:00Z">
    <Group xsi:type="ns1:GROUP_UNIT" UNIT="PC_ACT" SERIES_NAME="Unemployment" KEY="true"/>
    <Series GEO="DE" UNIT="PC_ACT" FREQ="M" OVERLAP="OL" DECIMALS_DISPLAYED="3" SCALE="9">
      <Obs TIME_PERIOD="2026-M08" OBS_VALUE="3.9"/>
    </Series>
  </message:DataSet>
</message:StructureSpecificData>
"""
BIS = IMF.replace(' xsi:type="ns1:DataSetType"', "").replace("2026-M08", "2026-08")


@pytest.mark.parametrize("text", [EUROSTAT, IMF, BIS])
def test_the_forms_of_recorded_answers_are_read(text: str) -> None:
    assert values(read(text)) == {"2026-08": 3.9}
