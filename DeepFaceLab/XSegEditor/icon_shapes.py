"""The editor's icons as SVG, drawn for it; 150 x 150 units each (spec 51 section 2)."""

LINE = 'fill="none" stroke="#d8d8d8" stroke-width="9" stroke-linecap="round" ' \
       'stroke-linejoin="round"'
BOLD = LINE.replace('"9"', '"14"')
LIGHT = 'fill="#d8d8d8"'
PENTAGON = "75,18 130,60 108,126 42,126 20,60"
EYE = "M12,75 Q75,10 138,75 Q75,140 12,75 Z"


def _wrap(body: str) -> str:
    return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 150 150">%s</svg>' % (body,))


def _color(fill: str) -> str:
    return ('<polygon points="%s" fill="%s" fill-opacity="0.35" stroke="%s" stroke-width="10" '
            'stroke-linejoin="round"/>' % (PENTAGON, fill, fill))


def _eye(letter: str, pupil: str) -> str:
    return ('<path d="%s" %s/>%s<text x="75" y="148" font-size="34" text-anchor="middle" %s '
            'font-family="sans-serif">%s</text>' % (EYE, LINE, pupil, LIGHT, letter))


_POLY = '<polygon points="%s" %s/>' % (PENTAGON, LINE)
_DOTTED = '<polygon points="%s" %s stroke-dasharray="4 18"/>' % (PENTAGON, LINE)
_PLUS = '<path d="M75,50 V110 M45,80 H105" %s/>' % (BOLD,)
_MINUS = '<path d="M45,80 H105" %s/>' % (BOLD,)
_ARROW_BACK = '<path d="M45,30 L18,60 L45,90 M20,60 H90 Q130,60 130,95 Q130,126 90,126 H60" %s/>'

SHAPES = {
    "poly_type_include": _POLY + _PLUS,
    "poly_type_exclude": _DOTTED + _MINUS,
    "undo_pt": _ARROW_BACK % (BOLD,),
    "redo_pt": '<g transform="translate(150,0) scale(-1,1)">%s</g>' % (_ARROW_BACK % (BOLD,),),
    "delete_poly": _POLY + '<path d="M50,55 L100,105 M100,55 L50,105" fill="none" '
                           'stroke="#e05050" stroke-width="14" stroke-linecap="round"/>',
    "pt_edit_mode": '<path d="M20,118 L75,40 L130,118" %s/><circle cx="75" cy="40" r="15" %s/>'
                    '<path d="M20,24 H52 M36,8 V40 M98,24 H130" %s/>' % (LINE, LIGHT, LINE),
    "view_lock_center": '<circle cx="75" cy="75" r="42" %s/><circle cx="75" cy="75" r="9" %s/>'
                        '<path d="M75,8 V45 M75,105 V142 M8,75 H45 M105,75 H142" %s/>' % (
                            LINE, LIGHT, LINE),
    "poly_color_red": _color("#d03030"),
    "poly_color_green": _color("#30c030"),
    "poly_color_blue": _color("#4060e8"),
    "view_baked": '<rect x="14" y="14" width="122" height="122" fill="#101010" stroke="#d8d8d8" '
                  'stroke-width="7"/><polygon points="75,34 116,66 100,114 50,114 34,66" '
                  'fill="#ffffff"/>',
    "view_xseg": _eye("XSeg", '<circle cx="75" cy="75" r="22" %s/>' % (LIGHT,)),
    "view_xseg_overlay": '<rect x="14" y="14" width="122" height="122" fill="#404040" '
                         'stroke="#d8d8d8" stroke-width="7"/><ellipse cx="75" cy="75" rx="38" '
                         'ry="50" fill="#e8b890"/><circle cx="62" cy="66" r="5"/>'
                         '<circle cx="88" cy="66" r="5"/><path d="M60,96 Q75,108 90,96" '
                         'fill="none" stroke="#000" stroke-width="5"/>',
    "left": '<path d="M95,25 L45,75 L95,125" %s/>' % (BOLD,),
    "right": '<path d="M55,25 L105,75 L55,125" %s/>' % (BOLD,),
    "up": '<path d="M25,95 L75,45 L125,95" %s/>' % (BOLD,),
    "down": '<path d="M25,55 L75,105 L125,55" %s/>' % (BOLD,),
    "trashcan": '<path d="M28,40 H122 M58,40 V22 H92 V40 M38,40 L48,130 H102 L112,40 '
                'M62,58 L66,112 M88,58 L84,112" %s/>' % (LINE,),
    "copy_polys": '<polygon points="52,14 92,44 76,92 28,92 12,44" %s/>'
                  '<polygon points="98,58 138,88 122,136 74,136 58,88" %s '
                  'stroke-dasharray="14 16"/>' % (LINE, LINE),
    "mask_polys": '<ellipse cx="75" cy="75" rx="40" ry="54" fill="#707070"/>'
                  '<polygon points="75,14 122,48 118,108 75,138 30,106 30,46" %s/>' % (LINE,),
    "app_icon": '<rect x="4" y="4" width="142" height="142" rx="26" fill="#282828"/>'
                '<ellipse cx="75" cy="78" rx="38" ry="50" fill="#e8b890"/>'
                '<polygon points="75,18 122,52 112,112 75,136 38,112 28,52" fill="#30c030" '
                'fill-opacity="0.25" stroke="#30c030" stroke-width="8" stroke-linejoin="round"/>',
}

CROSS_COLORS = {"cross_red": "#f00000", "cross_green": "#00f000", "cross_blue": "#3050ff"}
CROSS = ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M16,1 V12 M16,20 '
         'V31 M1,16 H12 M20,16 H31" stroke="#000" stroke-width="4"/><path d="M16,2 V12 M16,20 V30 '
         'M2,16 H12 M20,16 H30" stroke="%s" stroke-width="2"/></svg>')

INTRO = ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512">'
         '<rect width="512" height="512" rx="24" fill="#242424"/>'
         '<rect x="186" y="150" width="140" height="230" rx="70" fill="none" stroke="#d8d8d8" '
         'stroke-width="8"/><path d="M186,250 H326 M256,150 V185" stroke="#d8d8d8" '
         'stroke-width="8"/><rect x="240" y="182" width="32" height="58" rx="16" fill="#30c030"/>'
         '<path d="M356,176 V246 M340,194 L356,174 L372,194 M340,228 L356,248 L372,228" '
         'fill="none" stroke="#30c030" stroke-width="8"/></svg>')


def make_svg(name: str) -> str:
    """The SVG text of an icon."""
    return _wrap(SHAPES[name])
