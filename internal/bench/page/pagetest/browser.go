// Package pagetest checks pages in a real browser, and what is drawn or written
// against files.
package pagetest

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

var update = flag.Bool("update", false, "write the files in testdata anew")

// Golden checks that a text, such as a picture, is as it is in a file.
func Golden(t testing.TB, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(path); err != nil || string(want) != got {
		t.Errorf("%s differs (%v); go test -update writes it anew; now it is\n%s", path, err, got)
	}
}

var screenshots = flag.String("screenshots", "", "keep pictures of the pages that are checked in this `folder`")

// limit bounds how long a check may take, in real time: a browser that hangs
// fails the test.
const limit = 2 * time.Minute

// A Browser shows pages. It ends with its test.
type Browser struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	problems []string // guarded by mu
}

// Open starts a browser. It skips the test if no browser is installed, or with
// -short.
func Open(t testing.TB) *Browser {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes long to start")
	}
	names := []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}
	i := slices.IndexFunc(names, func(name string) bool { _, err := exec.LookPath(name); return err == nil })
	if i < 0 {
		t.Skip("no Chromium is installed to look at the page with; on Debian, apt-get install chromium")
	}
	b := &Browser{t: t}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(names[i]), chromedp.NoSandbox)...)
	t.Cleanup(cancel)
	b.ctx, cancel = chromedp.NewContext(ctx, chromedp.WithErrorf(t.Logf), chromedp.WithListener(b.listen))
	t.Cleanup(cancel)
	b.Do(chromedp.Navigate("about:blank"))
	call(b, log.Enable, cdp.Empty{})
	call(b, network.Enable, network.EnableParams{})
	return b
}

// listen notes what a page complains of, and what it asks the network for.
func (b *Browser) listen(event any) {
	problem := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		problem = "exception: " + e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			problem += " " + x.Description
		}
	case *runtime.EventConsoleAPICalled:
		problem = fmt.Sprintf("console %s:", e.Type)
		for _, arg := range e.Args {
			problem += " " + string(arg.Value)
		}
	case *log.EventEntryAdded:
		problem = fmt.Sprintf("%s: %s", e.Entry.Level, e.Entry.Text)
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; !strings.HasPrefix(u, "file:") && !strings.HasPrefix(u, "data:") {
			problem = "asks the network for " + u
		}
	}
	if problem != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.problems = append(b.problems, problem)
	}
}

// Do runs actions in the browser.
func (b *Browser) Do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatalf("browser: %v", err)
	}
}

// call sends a command to the browser.
func call[P, R any](b *Browser, command cdp.Command[P, R], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, command, params); err != nil {
		b.t.Fatalf("browser: %v", err)
	}
}

// Ask returns the value of a JavaScript expression.
func Ask[T any](b *Browser, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("browser: %s: %v", expression, err)
	}
	return value
}

// Show opens a page from disk at a width, in pixels, in light or in dark.
func (b *Browser) Show(path string, width int64, scheme string, scripts bool) {
	b.t.Helper()
	full, err := filepath.Abs(path)
	if err != nil {
		b.t.Fatal(err)
	}
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts})
	b.Do(chromedp.EmulateViewport(width, 900), chromedp.Navigate((&url.URL{Scheme: "file", Path: full}).String()))
}

// wide lists the elements that are wider than the page and not inside an
// element that scrolls.
const wide = `(() => {
	const scrolls = e => e && (["auto", "hidden", "scroll", "clip"].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
	const page = document.documentElement;
	if (page.scrollWidth > innerWidth) return ["the page is " + page.scrollWidth + " px wide"];
	return [...page.querySelectorAll("body *, text")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !scrolls(e.parentElement)).map(e => e.outerHTML.slice(0, 100));
})()`

// cut lists the texts of stories' pictures that are cut off at the edge.
const cut = `[...document.querySelectorAll("svg.story text")].filter(e => {
	const text = e.getBoundingClientRect(), picture = e.ownerSVGElement.getBoundingClientRect();
	return text.left < picture.left || text.right > picture.right || text.bottom > picture.bottom;
}).map(e => e.textContent)`

// background is the colour of a page's paper, or of a picture's.
const background = `document.body
	? getComputedStyle(document.body).backgroundColor
	: getComputedStyle(document.querySelector(".paper")).fill`

// Check looks at a page or a picture wide and narrow, in light and in dark, and
// without scripts: it must have no error, ask the network for nothing, not be
// wider than the window, cut off no text of a story, and take its colours from
// the scheme.
func (b *Browser) Check(path string) {
	b.t.Helper()
	papers := map[string]string{} // by scheme
	for _, width := range []int64{1280, 400} {
		for _, scheme := range []string{"light", "dark"} {
			for _, scripts := range []bool{false, true} {
				b.Show(path, width, scheme, scripts)
				name := fmt.Sprintf("%s-%d-%s", strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), width, scheme)
				b.NoProblems(fmt.Sprintf("%s, scripts %v", name, scripts))
				if over := Ask[[]string](b, wide); len(over) > 0 {
					b.t.Errorf("%s, scripts %v: wider than the window: %q", name, scripts, over)
				}
				if off := Ask[[]string](b, cut); len(off) > 0 {
					b.t.Errorf("%s, scripts %v: cut off: %q", name, scripts, off)
				}
				paper := Ask[string](b, background)
				if cmp.Or(papers[scheme], paper) != paper {
					b.t.Errorf("%s, scripts %v: %s paper, and %s before", name, scripts, paper, papers[scheme])
				}
				papers[scheme] = paper
				if scripts {
					b.keep(name)
				}
			}
		}
	}
	if papers["light"] == papers["dark"] {
		b.t.Errorf("%s paper both in light and in dark", papers["light"])
	}
}

// NoProblems fails the test if problems have come up since the last call.
func (b *Browser) NoProblems(where string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, problem := range b.problems {
		b.t.Errorf("%s: %s", where, problem)
	}
	b.problems = nil
}

// keep writes a picture of the page if -screenshots is set.
func (b *Browser) keep(name string) {
	b.t.Helper()
	if *screenshots == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatalf("browser: picture of %s: %v", name, err)
	}
	path := filepath.Join(*screenshots, strings.ReplaceAll(b.t.Name(), "/", "-")+"-"+name+".png")
	if err := os.WriteFile(path, picture, 0o666); err != nil {
		b.t.Fatal(err)
	}
}
