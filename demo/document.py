"""Text on the page: paragraphs, tables and code in HTML."""

import html

import gradio as gr

ADDRESS = "http://127.0.0.1:7860"  # in examples; the browser puts its own in its place
SCRIPT = f"""
const address = (window.gradio_config?.root ?? location.origin).replace(/\\/$/, "");
for (const link of element.querySelectorAll("[data-file]"))
  link.href = link.firstElementChild.src = `${{address}}/gradio_api/file=${{encodeURI(link.dataset.file)}}`;
for (const code of element.querySelectorAll("pre")) {{
  code.textContent = code.textContent.replaceAll("{ADDRESS}", address);
  const button = code.parentElement.querySelector("button");
  button.addEventListener("click", async () => {{
    await navigator.clipboard?.writeText(code.textContent);
    button.textContent = navigator.clipboard ? "Copied" : "Select it and copy";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  }});
}}
"""


def document(*parts: str) -> gr.HTML:
    """Pieces of HTML, one after the other, as a part of the page.

    Links with data-file="a path", and the pictures in them, lead to that file, one of Gradio's static paths.
    """
    return gr.HTML("".join(parts), js_on_load=SCRIPT, elem_classes="document", apply_default_css=False)


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table; its cells are HTML, those after the first of a row numbers."""
    titles = "".join(f'<th scope="col">{title}</th>' for title in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    # What is wider than the screen scrolls by itself, with the keyboard, too.
    return f'<div class="wide" tabindex="0"><table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>'


def code(title: str, text: str) -> str:
    """A block of code with its title and a button to copy it."""
    return (
        f'<div class="code"><p><b>{title}</b><button type="button">Copy</button></p>'
        f'<pre tabindex="0">{html.escape(text)}</pre></div>'
    )
