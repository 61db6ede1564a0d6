from funis.report.responders import responder_bars, responder_groups


def test_bars_stand_at_the_primary_week(report):
    bars = responder_bars(report)
    assert bars.week == 12.0
    assert bars.names == ("ACR20", "ACR50", "ACR70")
    assert len(bars.rows) == 6
    primary = {e.arm: e.estimate for e in report.estimates if e.endpoint == "ACR20@12"}
    assert bars.rows[0].cells[0][0].startswith(f"{100 * primary['placebo']:.1f}%")


def test_every_panel_holds_the_control(report):
    for group in responder_groups(report):
        assert len(group.figures) == 5
        for figure in group.figures:
            assert 'data-n="Placebo"' in figure.picture


def test_without_curves_there_are_no_bars(bare):
    assert responder_bars(bare()).rows == ()
    assert responder_groups(bare()) == ()
