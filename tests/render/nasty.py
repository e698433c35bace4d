"""Names that somebody chose to break an output: one list for every renderer."""

from __future__ import annotations

NASTY = [
    "```\n~~~\n```", "`x`", "``", "a|b|c", "</details></summary>", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "\"><svg/onload=alert(1)>", "'onclick='alert(1)", "&lt;b&gt;&amp;&#60;", "{{7*7}}${7*7}#{7*7}", "[a](http://evil.example/)",
    "![i](http://evil.example/i.png)", "http://evil.example/?q=1", "www.evil.example.", "mailto:a@evil.example",
    "@all @here @channel", "<!channel> <!here> <@U0000000> <#C0000000|x>", "<http://evil.example|click>", ":tada: :) (y) (!)",
    "#1 !2 ~bug %3 &4 $5 OPS-123", "/close\n/assign @root", "{code}x{code}", "{noformat}x{noformat}", "{NoFormat}",
    "{panel:bgColor=red}x{panel}", "[~admin] [x|http://evil.example]", "!http://evil.example/i.png!", "||h||\n|c|", "h1. big",
    "bq. quote", "* _b_ -s- +u+ ^p^ ~q~ ??c??", "----", "- [ ] task", "1. one", "> quote", "# head", "===", "[[_TOC_]]",
    "=1+1", "+1+1", "-1+1", "@SUM(1)", "=HYPERLINK(\"http://evil.example\")", "\t=1+1", "\r=1+1", "a,b\n\"c\";d", "%s %n {0} {name}",
    "a: b # c", "- no", "!!python/object/apply:os.system [id]", "&a *a", "null", "0x1F", "1e3", "2024-01-01", "\"\\", "a\\\"} 1\nx 2",
    "# HELP x y", "line\nSubject: x\r\nBcc: a@evil.example", "--=_boundary--", "$(reboot)`reboot`;reboot|reboot", "'; rm -rf / #",
    "../../etc/passwd", "\x1b[2J\x1b]0;t\x07\x1b[31m", "\x9b2J", "\x00", "\x7f", "a\rb", "\u202egnp.exe", "\u2066x\u2069", "\u200bz\u200d",
    "\ufeff", "\u2028\u2029\x85", "\U000e0041\U000e0042", "\ud800", "e\u0301" * 40, "名前 日志 журнал", "ﷺ🙂", "x" * 300, "]]>",
    "<!--", "-->", "</style><script>", "</title></head>", "javascript:alert(1)", "data:text/html,<script>", "*/ }",
]  # fmt: skip
