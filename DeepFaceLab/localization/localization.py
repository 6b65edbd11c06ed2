"""Language of the user interface (spec 41 section 4.4)."""
import locale
import sys

LANGUAGES = ('en', 'ru', 'zh')

# (platform, language) -> font file without suffix; everything else uses DEFAULT_FONT.
FONTS = {('win32', 'zh'): 'simsun_01', ('darwin', 'zh'): 'Apple LiSung Light'}
DEFAULT_FONT = 'cour'

STRINGS = {'S_HOT_KEY': {'en': 'hot key', 'ru': 'горячая клавиша', 'zh': '热键'}}


def get_system_language() -> str:
    """First two letters of the system's locale if they are a known language, else 'en'."""
    try:
        name = locale.getlocale()[0]
    except ValueError:  # macOS: LC_CTYPE=UTF-8 names no language
        name = None
    if name is None and sys.platform == 'win32':
        import ctypes  # only Windows has the call
        name = locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage())
    language = (name or '').lower()
    # Windows spells names out: 'Russian_Russia.1251', but 'Chinese (Simplified)_China.936'.
    language = 'zh' if language.startswith('chinese') else language[:2]
    return language if language in LANGUAGES else 'en'


def get_default_ttf_font_name() -> str:
    """Name of the font file (without .ttf) that has the language's glyphs on this system."""
    return FONTS.get((sys.platform, system_language), DEFAULT_FONT)


system_language = get_system_language()

StringsDB = {key: texts[system_language] for key, texts in STRINGS.items()}
