"""mainscripts/OptionTables.py: tables in a document follow the Option declarations."""
import pytest

import models
from core.errors import UserError
from core.options import Option
from mainscripts import OptionTables, cli

DOCUMENT = "# A\n<!-- option table: common -->\nold\n<!-- end -->\nafter\n"


@pytest.fixture
def tables(monkeypatch):
    tables = {"common": [Option("batch_size", "int", 4, "Batch size", limits=(1, None))]}
    monkeypatch.setattr(OptionTables, "collect_tables", lambda: tables)
    return tables


def test_every_declared_option_is_in_its_table():
    tables = OptionTables.collect_tables()
    assert {"common", "trainer"} <= set(tables)
    for name, declared in tables.items():
        keys = [option.key for option in declared]
        assert keys and len(keys) == len(set(keys)), name


def test_document_is_updated_between_its_markers(tables):
    updated = OptionTables.update_text(DOCUMENT)
    assert OptionTables.list_markers(updated) == ["common"]
    assert updated.startswith("# A\n<!-- option table: common -->\n| option |")
    assert "| `batch_size` | int | 4 | 1.. | `DFL_BATCH_SIZE` | Batch size |\n<!-- end" in updated
    assert updated.endswith("\nafter\n") and "old" not in updated
    assert OptionTables.update_text(updated) == updated


def test_check_fails_until_written(tables, tmp_path, capsys):
    document = tmp_path / "README.md"
    document.write_text(DOCUMENT, encoding="utf-8")
    with pytest.raises(UserError, match="out of date"):
        OptionTables.main(document)
    OptionTables.main(document, write=True)
    OptionTables.main(document)
    assert capsys.readouterr().out.endswith("up to date\n")
    tables["common"][0].default = 8
    with pytest.raises(UserError, match="out of date"):
        OptionTables.main(document)


def test_unknown_table_is_an_error(tables):
    with pytest.raises(UserError, match="nothing"):
        OptionTables.update_text("<!-- option table: nothing -->\n<!-- end -->")


def test_without_a_document_all_tables_are_printed(tables, capsys):
    OptionTables.main()
    assert "### common" in capsys.readouterr().out


def test_a_model_that_cannot_be_imported_hides_no_table(tmp_path, monkeypatch):
    folder = tmp_path / "Model_Torn"
    folder.mkdir()
    (folder / "__init__.py").write_text("import no_such_package")
    monkeypatch.setattr(models, "__path__", list(models.__path__) + [str(tmp_path)])
    monkeypatch.setattr(cli, "list_models", lambda: ["SAEHD", "Torn", "Nowhere"])
    tables = OptionTables.collect_tables()
    assert "SAEHD" in tables and not {"Torn", "Nowhere"} & set(tables)
