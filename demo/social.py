"""What stands around the page: its icon, and what a link to it shows in chats and feeds.

Gradio adds a page's `head` in the browser, where no crawler sees it, and its own template calls every page "Gradio",
with a picture from another host. So the tags are put into that template here.
"""

import re
from functools import cache
from urllib.parse import quote

import gradio.routes
import jinja2

from artifacts import PAGE_PICTURE

TEMPLATE, CHARSET = "frontend/index.html", '<meta charset="utf-8" />'
DESCRIPTION = "Draw a digit or a number, or show a picture of one, and see at once what a small neural network reads."
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#2f55d4"/>'
    '<path d="M9 8.5c5 .8 9 .5 14-.5-3 5-6 9.5-8 16M11.5 17c4 .2 7-.2 10-1" fill="none" stroke="#fff" '
    'stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>'
)
HEAD = f"""
    <title>{{{{ config['title'] }}}}</title>
    <link rel="icon" href="data:image/svg+xml,{quote(ICON)}">
    <meta name="description" content="{DESCRIPTION}">
    <meta property="og:type" content="website">
    <meta property="og:title" content="{{{{ config['title'] }}}}">
    <meta property="og:description" content="{DESCRIPTION}">
    <meta property="og:image" content="{{{{ config['root'] }}}}/gradio_api/file={quote(str(PAGE_PICTURE))}">
    <meta name="twitter:card" content="summary_large_image">"""


@cache
def introduce() -> None:
    """Put the project's tags in place of Gradio's, once, for all pages of this process."""
    templates = gradio.routes.templates.env
    source, _, _ = templates.loader.get_source(templates, TEMPLATE)
    source = re.sub(r'<meta\s+(property="og:|name="twitter:)[^>]*>', "", source)
    changed = jinja2.DictLoader({TEMPLATE: source.replace(CHARSET, CHARSET + HEAD, 1)})
    templates.loader = jinja2.ChoiceLoader([changed, templates.loader])
