#!/usr/bin/env python3
"""Checks that the grammar in docs/vmir.md is the one that the parser reads.

    docs_grammar.py VMEMOPT SOURCE_DIRECTORY

Every program that the tool accepts (of the documents, the corpus and the tests of the language) must follow from the
grammar. And whatever does not follow from it must be refused: programs of the documents are damaged, a token left out,
doubled or exchanged with the next one, and where the grammar then says no, so must the tool. The grammar knows nothing of
names, types and lines, so the tool may refuse more.

Programs are recognised by Earley's algorithm (J. Earley, "An efficient context-free parsing algorithm", 1970), with sets
of items a token; the EBNF is turned into rules without braces and brackets first.
"""
import glob
import os
import re
import subprocess
import sys
from multiprocessing.pool import ThreadPool

from docs_examples import blocks

TOKEN = re.compile(r"""//[^\n]*|\s+|%[A-Za-z0-9_.$]+|@[A-Za-z0-9_]+|"(?:[^"\\\n]|\\.)*"
                       |0[xX][0-9A-Fa-f]+|[0-9]+(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)|[0-9]+
                       |[A-Za-z_][A-Za-z0-9_]*|<=|->|.""", re.VERBOSE | re.DOTALL)
DAMAGED_EVERY = 17  # of the places in a program: the tool takes its time to start


def tokens(text):
    """(begin, end, text) of each token; blanks and comments are none."""
    return [(m.start(), m.end(), m[0]) for m in TOKEN.finditer(text) if not re.match(r"\s|//", m[0])]


def classes(token):
    """The terminals that a token can be."""
    kinds = {'"' + token}
    if token[0] == "%" and len(token) > 1:
        kinds.add("VALUE")
    elif token[0] == "@" and len(token) > 1:
        kinds.add("AT")
    elif re.match(r"[A-Za-z_]", token):
        kinds.add("WORD")
    elif re.fullmatch(r"0[xX][0-9A-Fa-f]+|[0-9]+", token):
        kinds.add("INTEGER")
    elif token[0].isdigit():
        kinds.add("REAL")
    elif token[0] == '"' and len(token) > 1:
        kinds.add("TEXT")
    return kinds


class Grammar:
    """Rules: a name to a list of alternatives, each a tuple of names and terminals (`"for`, VALUE)."""

    def __init__(self, text):
        self.rules, self.words, self.at = {}, [], 0
        text = re.sub(r"\(\*.*?\*\)", "", text)
        self.words = re.findall(r'"[^"]*"|[A-Za-z_]+|[=.|()\[\]{}]', text)
        while self.at < len(self.words):
            name = self.take()
            assert self.take() == "=", f"the rule of {name} has no ="
            self.rules[name] = self.alternatives()
            assert self.take() == ".", f"the rule of {name} has no end"
        self.nullable = set()
        changed = True
        while changed:
            before = len(self.nullable)
            self.nullable |= {name for name, options in self.rules.items()
                              if any(all(part in self.nullable for part in option) for option in options)}
            changed = len(self.nullable) > before

    def take(self):
        self.at += 1
        return self.words[self.at - 1]

    def fresh(self, options):
        name = f"#{len(self.rules)}"
        self.rules[name] = options
        return name

    def alternatives(self):
        options = [self.sequence()]
        while self.words[self.at] == "|":
            self.take()
            options.append(self.sequence())
        return options

    def sequence(self):
        parts = []
        while self.words[self.at] not in "|)]}.":
            word = self.take()
            if word in "([{":
                inner = self.fresh([])
                self.rules[inner] = self.alternatives()
                self.take()
                if word == "[":
                    self.rules[inner] = self.rules[inner] + [()]
                elif word == "{":
                    once, inner = inner, self.fresh([])
                    self.rules[inner] = [(), (inner, once)]
                parts.append(inner)
            else:
                parts.append(word[:-1] if word.startswith('"') else word)
        return tuple(parts)

    def accepts(self, program):
        """Whether the tokens follow from `file`: the sets of Earley's algorithm, one after the other."""
        sets = [set() for _ in range(len(program) + 1)]
        sets[0] = {("file", option, 0, 0) for option in self.rules["file"]}
        for place, items in enumerate(sets):
            work = list(items)
            kinds = classes(program[place]) if place < len(program) else set()
            while work:
                name, option, dot, origin = work.pop()
                if dot == len(option):
                    found = [(n, o, d + 1, b) for n, o, d, b in list(sets[origin]) if d < len(o) and o[d] == name]
                elif option[dot] in self.rules:
                    found = [(option[dot], o, 0, place) for o in self.rules[option[dot]]]
                    if option[dot] in self.nullable:
                        found.append((name, option, dot + 1, origin))
                else:
                    if option[dot] in kinds:
                        sets[place + 1].add((name, option, dot + 1, origin))
                    continue
                for item in found:
                    if item not in items:
                        items.add(item)
                        work.append(item)
            if not items:
                return False
        return any(name == "file" and dot == len(option) for name, option, dot, _ in sets[-1])


def is_accepted(tool, text):
    return subprocess.run([tool, "check", "-"], input=text, text=True, capture_output=True, timeout=60,
                          check=False).returncode == 0


def damage(text):
    """Yields texts in which one token is left out, doubled, or exchanged with the next."""
    found = tokens(text)
    for i in range(0, len(found) - 1, DAMAGED_EVERY):
        begin, end, token = found[i]
        next_begin, next_end, other = found[i + 1]
        yield text[:begin] + text[end:]
        yield text[:end] + " " + token + text[end:]
        yield text[:begin] + other + text[end:next_begin] + token + text[next_end:]


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    tool, source = os.path.abspath(sys.argv[1]), sys.argv[2]
    with open(os.path.join(source, "docs", "vmir.md"), encoding="utf-8") as file:
        found = list(blocks(file.read()))
    grammar = Grammar(next(body for _, info, body in found if info == "ebnf"))
    shown = [(f"docs/vmir.md:{line}", body) for line, info, body in found if info in ("vmir", "vmir plan")]
    programs = list(shown)
    for path in sorted(glob.glob(os.path.join(source, "corpus", "*", "*.vmir"))
                       + glob.glob(os.path.join(source, "tests", "lit", "*", "*.vmir"))):
        with open(path, encoding="utf-8", errors="replace") as file:
            programs.append((path, file.read()))
    faults, accepted = [], 0
    pool = ThreadPool(os.cpu_count())
    for (path, text), fine in zip(programs, pool.imap(lambda program: is_accepted(tool, program[1]), programs)):
        if not fine:
            continue
        accepted += 1
        if not grammar.accepts([token for _, _, token in tokens(text)]):
            faults.append(f"{path}: the tool accepts it, the grammar does not")
    damaged = [(path, text) for path, whole in shown for text in damage(whole)
               if not grammar.accepts([token for _, _, token in tokens(text)])]
    refused = len(damaged)
    for (path, text), fine in zip(damaged, pool.imap(lambda program: is_accepted(tool, program[1]), damaged)):
        if fine:
            faults.append(f"{path}: the grammar refuses what the tool accepts:\n{text}")
    for fault in faults:
        print(fault)
    print(f"{accepted} programs follow from the grammar, {refused} damaged ones do not, {len(faults)} faults")
    return 1 if faults or accepted < 50 or refused < 50 else 0


if __name__ == "__main__":
    sys.exit(main())
