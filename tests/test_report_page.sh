#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The page of clockfuzz report: test_report_page.sh BUILD_DIR
#
# What it counts is what corpus/known.tsv says; a hostile scenario stays text; and, with
# the page of three trees, a browser takes it: well-formed, silent on its console,
# readable in light and dark, no wider than its window.
set -u
. "$(dirname "$0")/common.sh"
make_tmp
limit_s=300

cf=$build/clockfuzz
page=$tmp/page.html
nested=$repo/corpus/fuzz_timeline/regress-kvm-253y-nested.txt
table=$repo/corpus/known.tsv
version=$("$cf" --version | sed -n 's/.*linux \([0-9]*\.[0-9]*\).*/\1/p')

# -- usage: one line, and no page
printf 'harness fuzz_timeline\nmachine\n  tsc_khz banana\n' >"$tmp/bad.txt"
for args in --frob "$tmp/none.txt" "$tmp/bad.txt" '--tree 6.12' "--known $tmp/none.tsv"; do
	code 2 "$cf" report -o "$page" $args
	[ "$(wc -l <"$tmp/err")" = 1 ] || fail "$args: $(cat "$tmp/err")"
	[ ! -e "$page" ] || fail "$args: a page all the same"
done
code 2 "$cf" report -o "$tmp/no/page.html" "$nested"

# -- the whole corpus: an article for each row that is live here, and none besides
code 0 "$cf" report -o "$page"
awk -F '\t' -v version="$version" '!/^#|^slug/ && $1 != "canary" &&
	(" " $5 " " ~ " any " || index(" " $5 " ", " " version " ")) { print $1 }' \
	"$table" | sort >"$tmp/live"
sed -n 's/^<article id="\(.*\)">$/\1/p' "$page" | sort | diff "$tmp/live" - ||
	fail "other findings than those that are live on $version"
grep -q ": $(wc -l <"$tmp/live") findings, $(wc -l <"$tmp/live") on Linux $version" "$tmp/out" ||
	fail "another number: $(cat "$tmp/out")"
for what in 8006399336991232219 0x6f1c71c6fb4910db 'tsc - master_cycle_now' '<svg ' \
		'./clockfuzz explain ' 'kvmclock jumps 253 years on nested Hyper-V.'; do
	grep -qF -- "$what" "$page" || fail "no '$what' in the page"
done

# -- what the table doesn't know is new, what it takes for live and isn't is told
grep -v '^kvm-253y-nested' "$table" >"$tmp/table.tsv"
code 1 "$cf" report -o "$page" --known "$tmp/table.tsv" "$nested"
grep -q '<td class="number new">+253.7 years (new)</td>' "$page" || fail "not new"
mkdir "$tmp/blind"
cp "$repo/corpus/fuzz_timeline/seed-masterclock.txt" "$tmp/blind/regress-kvm-253y-nested.txt"
code 1 "$cf" report -o "$page" "$tmp/blind" "$nested"
grep -q '<p class="lost">kvm-253y-nested is no longer seen on Linux ' "$page" ||
	fail "a stale row passes"

# -- a tree that is silent for want of a function, or since another law breaks before,
#    is told from one that is right
mkdir "$tmp/other" "$tmp/right" "$tmp/before"
for tree in other right before; do
	cat >"$tmp/$tree/clockfuzz" <<-END
		#!/bin/bash
		case \$1:$tree in
		list:other)	echo '[]';;
		replay:before)	"$cf" "\$@" | sed 's/"event":"get-clock","event_nr":2/"event":"another","event_nr":1/';;
		replay:*)	"$cf" "\$@" | sed 's/"findings":\\[.*\\]}\$/"findings":[]}/';;
		*)		exec "$cf" "\$@";;
		esac
	END
	chmod +x "$tmp/$tree/clockfuzz"
done
code 0 "$cf" report -o "$page" --tree "live=$build" --tree "gone=$tmp/other" \
	--tree "fixed=$tmp/right" --tree "blind=$tmp/before" "$nested"
grep -q '+253.7 years</td><td class="number absent">absent</td><td class="number silent">silent</td><td class="number hidden">hidden</td></tr>' \
	"$page" || fail "absent, silent and hidden aren't told apart"
grep -q 'before that it breaks another law: KVM_GET_CLOCK' "$page" || fail "which law isn't said"
grep -q "__get_kvmclock() isn't in this tree" "$page" || fail "which function isn't said"
grep -q '<th scope="col" class="number">Linux [0-9.]*, gone</th>' "$page" ||
	fail "trees of one version aren't told apart"
grep -q '^./clockfuzz replay --kernel live ' "$page" || fail "no command of that tree"
grep -q -- '--kernel fixed' "$page" && fail "a command for a tree that breaks no law"

# -- a hostile scenario is text: in its story, its name, its tree
hostile="$tmp/<img src=x onerror=alert(1)>&'\"/x<script>alert(2)<!--.txt"
mkdir "$(dirname "$hostile")"
{
	printf '# </pre><script>document.title="owned"</script><img src=x onerror=alert(3)>\n'
	printf '# ]]></style></title><a href="javascript:alert(4)">&lt;&amp;</a> \xff\xc0\x80 \x1b[31m\n'
	grep -v '^#' "$nested"
} >"$hostile"
code 1 "$cf" report -o "$page" --no-known --tree "<b>&=$build" "$hostile"
grep -qi '<script\|<img\|<b>&\|href="javascript' "$page" && fail "markup was injected"
grep -qF '&lt;/pre&gt;&lt;script&gt;document.title=&quot;owned&quot;' "$page" ||
	fail "the comment isn't there as text"
grep -qF '&amp;lt;&amp;amp;' "$page" || fail "entities are taken for what they say"
iconv -f UTF-8 -t UTF-8 "$page" >/dev/null 2>&1 || fail "the page isn't UTF-8"
LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f]' "$page" && fail "control characters"
cp "$page" "$tmp/hostile.html"

# ---- in a browser: once is enough ------------------------------------------------

browser=
! is_plain_6_12 || browser=chromium

# PAGE OPTION...: its DOM in $tmp/dom, what it says on the console in $tmp/console
browse()
{
	timeout 120 $browser --headless --no-sandbox --disable-gpu \
		--user-data-dir="$tmp/profile" --enable-logging=stderr --dump-dom \
		"${@:2}" "file://$1" >"$tmp/dom" 2>"$tmp/log" </dev/null ||
		fail "the browser fails on $1: $(tail -n 3 "$tmp/log")"
	grep CONSOLE "$tmp/log" >"$tmp/console"
}

silent()
{
	[ ! -s "$tmp/console" ] || fail "$1: $(head -n 3 "$tmp/console")"
}

# Another policy, so that a script can look at the page: the least contrast of any
# text with its ground, by how much the page is wider than its window, and how many rows
# are shown where the trees don't differ.
look()
{
	cat >"$tmp/look.js" <<-'END'
		const numbers = c => c.match(/[\d.]+/g).map(Number);
		const light = c => c.slice(0, 3).map(v => (v /= 255) <= 0.04045 ? v / 12.92 :
			((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
		const ground = e => {
			for (; e; e = e.parentElement) {
				const c = numbers(getComputedStyle(e).backgroundColor);
				if (c.length == 3 || c[3] == 1)
					return c;
			}
			return [255, 255, 255];
		};
		let least = 99, where = '';
		for (const e of document.querySelectorAll('body *')) {
			if (![...e.childNodes].some(n => n.nodeType == 3 && n.data.trim()) || e.localName == 'script')
				continue;
			const style = getComputedStyle(e), a = light(ground(e)),
			      b = light(numbers(e.closest('svg') ? style.fill : style.color));
			const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
			if (ratio < least)
				[least, where] = [ratio, e.localName + '.' + (e.getAttribute('class') || '')];
		}
		document.title = `looked: ground ${numbers(getComputedStyle(document.body).backgroundColor).slice(0, 3)}; ` +
			`contrast ${least >= 4.5 ? 'good' : least.toFixed(2) + ' at ' + where}; ` +
			`wider by ${Math.max(0, document.documentElement.scrollWidth - innerWidth)}; ` +
			`same ${[...document.querySelectorAll('tr.same')].filter(e => e.offsetParent).length}`;
	END
	sed '/Content-Security-Policy/d; s/<\/body>//' "$1" >"$tmp/look.html"
	{ echo '<script>'; cat "$tmp/look.js"; echo '</script></body>'; } >>"$tmp/look.html"
	browse "$tmp/look.html" "--blink-settings=preferredColorScheme=$2" "--window-size=$3,900"
	sed -n 's/.*<title>\(looked: [^<]*\)<\/title>.*/\1/p' "$tmp/dom"
}

in_browser()
{
	local width scheme same

	# the console is where we look for it
	printf '<!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="default-src '"'none'"'"><img src="http://127.0.0.1:9/x">' >"$tmp/loud.html"
	browse "$tmp/loud.html"
	[ -s "$tmp/console" ] || fail "a page with an error is silent: $(tail -n 3 "$tmp/log")"

	code 0 "$repo/clockfuzz" report --kernel 6.1 --kernel 6.12 --kernel 7.2 -o "$page"
	[ "$(stat -c %s "$page")" -lt $((2 << 20)) ] || fail "$(stat -c %s "$page") bytes"
	for what in 6.1 6.12 7.2; do
		grep -q "<th scope=\"col\" class=\"number\">Linux $what\.[0-9]*</th>" "$page" ||
			fail "no column of $what"
	done
	# nothing is fetched; a link is there to be clicked
	grep -qi '<script\|<link\|<img\|<iframe\|src=\|url(\|@import\|<base' "$page" &&
		fail "the page refers to something"
	sed 's/<a rel="noreferrer" href="https:[^"]*">[^<]*<\/a>//; /<style>/,/<\/style>/d' "$page" |
		grep -n 'href="[^#]' && fail "a reference that isn't a link of the table"

	for file in "$page" "$tmp/hostile.html"; do
		browse "$file"
		silent "$file"
		grep -q '<title>Wrong time on ' "$tmp/dom" || fail "$file: another title"
		[ "$(grep -c '<article id=' "$tmp/dom")" = "$(grep -c '<article id=' "$file")" ] ||
			fail "$file: the browser sees other articles"
		# as XML the slightest error shows
		cp "$file" "$tmp/strict.xml"
		browse "$tmp/strict.xml"
		grep -q 'parsererror' "$tmp/dom" && fail "$file isn't well-formed"
		grep -q '<article id=' "$tmp/dom" || fail "$file: nothing of it as XML"
	done
	same=$(grep -c '<tr class="same">' "$page")
	[ "$same" -gt 0 ] || fail "the trees differ in everything"
	for width in 600 1280; do
		for scheme in 0:13,17,23 1:255,255,255; do
			[ "$(look "$page" "${scheme%:*}" "$width")" = \
			  "looked: ground ${scheme#*:}; contrast good; wider by 0; same $same" ] ||
				fail "$width pixels, scheme $scheme: $(grep -o '<title>[^<]*' "$tmp/dom")"
		done
	done
	sed 's/<input type="checkbox"/& checked="checked"/' "$page" >"$tmp/differ.html"
	[[ $(look "$tmp/differ.html" 1 1280) == *'; same 0' ]] ||
		fail "rows are shown where the trees don't differ"
}

[ -z "$browser" ] || in_browser
[ "$failures" = 0 ] && echo ok
[ "$failures" = 0 ]
