"""core/options.py: precedence, parsing, clamping, prompts."""
import pytest
from core import options
from core.errors import UserError
from core.options import Option, OptionSources


class RecordingIO:
    """Answers every question with the given texts, in order, by the facade's methods."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.questions = []
        self.logged = []

    def _answer(self, prompt, default, *args, **kwargs):
        self.questions.append((prompt, default, kwargs))
        return self.answers.pop(0) if self.answers else default

    input_int = input_number = input_bool = input_str = _answer

    def log_info(self, text):
        self.logged.append(text)


BATCH = Option("batch_size", "int", 8, "Batch_size", limits=(1, 64), env=("dfl_batch",))
FACE = Option("face_type", "str", "f", "Face type", choices=("h", "f", "wf"))
FLAG = Option("pretrain", "bool", False, "Pretraining")
EVEN = Option("e_dims", "int", 64, "Encoder dimensions", limits=(16, 256),
              normalize=lambda n: n + n % 2)


@pytest.fixture(autouse=True)
def restore_sources():
    before = options.current_sources()
    yield
    options.configure_sources(before)


def configure(**kwargs):
    kwargs.setdefault("environ", {})
    options.configure_sources(OptionSources(**kwargs))


def test_flag_beats_answers_beats_environment_beats_prompt():
    io = RecordingIO()
    configure(flags={"batch_size": "3"}, answers={"batch_size": 4},
              environ={"DFL_BATCH_SIZE": "5"})
    assert options.ask(BATCH, io, 6) == 3
    configure(answers={"batch_size": 4}, environ={"DFL_BATCH_SIZE": "5"})
    assert options.ask(BATCH, io, 6) == 4
    configure(environ={"DFL_BATCH_SIZE": "5", "dfl_batch": "9"})
    assert options.ask(BATCH, io, 6) == 5
    configure(environ={"dfl_batch": "9"})
    assert options.ask(BATCH, io, 6) == 9
    assert io.questions == []
    configure()
    assert options.ask(BATCH, io, 6) == 6
    assert options.ask(BATCH, io) == 8
    assert [q[1] for q in io.questions] == [6, 8]


def test_numbers_are_clamped_and_normalized():
    configure()
    assert options.ask(BATCH, RecordingIO(500)) == 64
    assert options.ask(EVEN, RecordingIO(33)) == 34
    configure(flags={"e_dims": "5"})
    assert options.ask(EVEN, RecordingIO()) == 16


def test_given_value_that_does_not_fit_names_its_source():
    configure(answers={"face_type": "square"}, answers_path="dir/a.json")
    with pytest.raises(UserError, match="--answers dir/a.json: face_type.*'square'"):
        options.ask(FACE, RecordingIO())
    configure(answers={"face_type": "square"})
    with pytest.raises(UserError, match="--answers: face_type"):
        options.ask(FACE, RecordingIO())
    configure(flags={"batch_size": "many"})
    with pytest.raises(UserError, match="whole number"):
        options.ask(BATCH, RecordingIO())


@pytest.mark.parametrize("word,value", [("y", True), ("1", True), ("No", False), (True, True)])
def test_bool_words(word, value):
    configure(flags={"pretrain": word})
    assert options.ask(FLAG, RecordingIO()) is value


def test_wrong_text_is_asked_again():
    configure()
    io = RecordingIO("square", "WF")
    assert options.ask(FACE, io) == "wf"
    assert len(io.questions) == 2


def test_unused_keys_are_told():
    configure(flags={"batch_size": "3", "bach": "1"}, answers={"x": 1})
    options.ask(BATCH, RecordingIO())
    assert options.current_sources().unused_keys() == ["bach", "x"]


def test_a_key_that_is_no_option_is_an_error_with_its_file_and_similar_keys():
    configure(flags={"face_typ": "f"}, answers={"batchsize": 4, "batch_size": 3, "e_dims": 32},
              answers_path="dir/a.json")
    options.ask(BATCH, RecordingIO())
    with pytest.raises(UserError) as caught:
        options.check_keys([FACE, EVEN], "SAEHD")
    assert caught.value.what == "--answers dir/a.json: SAEHD has no option 'batchsize'."
    assert "did you mean batch_size?" in caught.value.remedies
    assert any("face_typ (--set)" in remedy for remedy in caught.value.remedies)
    configure(answers={"batch_size": 3, "e_dims": 32})
    options.ask(BATCH, RecordingIO())
    options.check_keys([FACE, EVEN], "SAEHD")     # e_dims is looked at later
    with pytest.raises(UserError, match="e_dims"):
        options.check_keys([FACE], "SAEHD")


def test_a_clamped_value_is_told_once(capsys):
    configure(flags={"batch_size": "500", "e_dims": "64"}, environ={"DFL_FACE_TYPE": "WF"})
    for _ in range(3):
        assert options.find_given(BATCH) == 64
        assert options.find_given(EVEN) == 64 and options.find_given(FACE) == "wf"
    output = capsys.readouterr().out
    assert output.strip() == "--set batch_size = 500 becomes 64 (1..64)."


@pytest.mark.parametrize("text", ["many", "4.5", "-1", "65", "9" * 30])
def test_number_of_an_old_launcher_that_does_not_fit_is_told_and_left_out(capsys, text):
    """Spec 60 section 17.1 rule 4, for options that have the name of a launcher."""
    environ = {"dfl_batch": text, "DFL_E_DIMS": "999"}
    configure(environ=environ)
    io = RecordingIO()
    for _ in range(3):
        assert options.find_given(BATCH) is None and not options.is_given(BATCH)
        assert options.ask(BATCH, io, 6) == 6 and options.current_sources().peek(BATCH) is None
    assert len(io.questions) == 3
    output = capsys.readouterr().out
    assert output.count("dfl_batch = %r does not fit" % text) == output.count("\n") == 1
    assert environ == {"DFL_E_DIMS": "999"}      # workers inherit it and need not say it again
    assert options.find_given(EVEN) == 256       # no launcher ever had it: clamped as an answer is


def test_next_name_counts_where_a_launchers_does_not_fit():
    configure(environ={"DFL_BATCH_SIZE": "x", "dfl_batch": " 9 "})
    assert options.find_given(BATCH) == 9


def test_blanks_around_a_choice_do_not_count():
    """`set face_type=wf ` of a batch file keeps its last blank."""
    configure(environ={"DFL_FACE_TYPE": " WF "})
    assert options.find_given(FACE) == "wf"


def test_assignments_and_answers_files(tmp_path):
    assert options.parse_assignments(["a=1", "b=x=y"]) == {"a": "1", "b": "x=y"}
    with pytest.raises(UserError, match="key=value"):
        options.parse_assignments(["a"])
    path = tmp_path / "answers.json"
    path.write_text('{"batch_size": 2}', encoding="utf-8")
    assert options.read_answers(path) == {"batch_size": 2}
    path.write_text('{"batch_size": 2}', encoding="utf-8-sig")     # Notepad, PowerShell 5
    assert options.read_answers(path) == {"batch_size": 2}
    for text in ("{", "[1]"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UserError, match="answers.json .*JSON"):
            options.read_answers(path)
    with pytest.raises(UserError, match="cannot be read"):
        options.read_answers(tmp_path / "absent.json")


def test_table_has_a_row_for_each_option():
    rows = options.describe([BATCH, FACE])
    assert len(rows) == 4 and "1..64" in rows[2] and "`DFL_FACE_TYPE`" in rows[3]


@pytest.mark.parametrize("text", ["[" * 100000, '{"a":' * 100000, "9" * 5000, '{"a": \xff'])
def test_answers_made_to_harm_are_not_json(tmp_path, text):
    path = tmp_path / "answers.json"
    path.write_bytes(text.encode("latin1"))
    with pytest.raises(UserError, match="answers.json is not JSON"):
        options.read_answers(path)


def test_a_number_that_no_float_holds_does_not_fit():
    option = Option("gan_power", "float", 0.0, "GAN")
    configure(answers={"gan_power": 10 ** 400})
    with pytest.raises(UserError, match="gan_power.*expected a number"):
        options.find_given(option)


@pytest.mark.parametrize("name", ["dfl_batch", "DFL_BATCH", "DFL_DFL_BATCH"])
def test_aliases_may_be_written_in_capitals_and_with_the_prefix(name):
    configure(environ={name: "9"})
    assert options.find_given(BATCH) == 9
