from .localization import StringsDB, get_default_ttf_font_name, system_language

__all__ = ['StringsDB', 'get_default_ttf_font_name', 'system_language']
