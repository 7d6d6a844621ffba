// SPDX-License-Identifier: Apache-2.0
/*
 * The alternate screen, keys one by one, and the way back. Whatever ends the program, a key, a signal or
 * a stop, goes through screen_close: signals are let in only while it waits, and are then no more than a
 * flag.
 */
#include "top_screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "latchctl.h"

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static struct termios before;
static sigset_t mask_before;
static bool taken;
static volatile sig_atomic_t ended, stopped, resized;

static void on_signal(int signal)
{
	if (signal == SIGWINCH || signal == SIGCONT)
		resized = 1;
	else if (signal == SIGTSTP)
		stopped = 1;
	else
		ended = 1;
}

static void listen_to(int signal, sigset_t *held)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(signal, &action, NULL);
	sigaddset(held, signal);
}

static void enter(void)
{
	struct termios raw = before;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
	fputs("\033[?1049h\033[?25l", stdout);
	fflush(stdout);
}

static void leave(void)
{
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
}

int screen_open(void)
{
	sigset_t held;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before))
		return -ENOTTY;
	sigemptyset(&held);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		listen_to(ending[i], &held);
	listen_to(SIGWINCH, &held);
	listen_to(SIGTSTP, &held);
	listen_to(SIGCONT, &held);
	sigprocmask(SIG_BLOCK, &held, &mask_before);
	enter();
	taken = true;
	return 0;
}

void screen_close(void)
{
	if (!taken)
		return;
	taken = false;
	leave();
	sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

/* A shell's job control: the terminal is its own as long as this program stands. */
static void stop(void)
{
	stopped = 0;
	leave();
	raise(SIGSTOP);
	enter();
	resized = 1;
}

/* "\033[C", "\033OC": an arrow. */
static enum screen_key read_key(char *letter)
{
	char bytes[8];
	ssize_t size = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (size == 0 || (size < 0 && errno != EINTR && errno != EAGAIN))
		return SCREEN_ENDED;
	if (size < 0)
		return SCREEN_NOTHING;
	if (size >= 3 && bytes[0] == '\033' && (bytes[1] == '[' || bytes[1] == 'O')) {
		if (bytes[2] == 'C')
			return SCREEN_RIGHT;
		return bytes[2] == 'D' ? SCREEN_LEFT : SCREEN_NOTHING;
	}
	*letter = bytes[0];
	return bytes[0] == 'q' || bytes[0] == 'Q' ? SCREEN_QUIT : SCREEN_LETTER;
}

enum screen_key screen_wait(int timeout_ms, char *letter)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	struct timespec patience = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
	int r = ppoll(&input, 1, &patience, &mask_before);

	if (ended)
		return SCREEN_QUIT;
	if (stopped)
		stop();
	if (resized) {
		resized = 0;
		return SCREEN_REDRAW;
	}
	return r > 0 ? read_key(letter) : SCREEN_NOTHING;
}

/* ---- the page ---- */

/* At most `width` columns of it, padded to that; what a terminal could obey is a dot. */
static void print_cell(const char *text, int width)
{
	int used = 0;

	for (; *text && used < width; text++) {
		unsigned char c = *text;

		if ((c & 0xc0) == 0x80)
			continue; /* one dot for each character that is not ASCII */
		putchar(c >= ' ' && c < 0x7f ? c : '.');
		used++;
	}
	printf("%*s", width - used, "");
}

static void print_connections(const struct top_row *row, int width)
{
	if (row->connections < 0)
		printf("%*s", width, "-");
	else
		printf("%*lld", width, (long long)row->connections);
}

static const char *name_of(const struct top_row *row)
{
	return *row->name ? row->name : *row->id ? row->id : "(the host)";
}

static enum style style_of(const struct top_row *row)
{
	return !strcmp(row->verdict, "allowed")	    ? STYLE_GOOD
	       : !strcmp(row->verdict, "contained") ? STYLE_WARNING
						    : STYLE_PLAIN;
}

static void print_row(const struct top_row *row, int name_width, int image_width)
{
	print_cell(name_of(row), name_width);
	fputs("  ", stdout);
	print_cell(row->image, image_width);
	printf("  %s%-9s%s %8.1f  %s%8llu%s ", style(stdout, style_of(row)), row->verdict,
		style(stdout, STYLE_PLAIN), row->rate,
		row->refused ? style(stdout, STYLE_BAD) : "", (unsigned long long)row->refused,
		row->refused ? style(stdout, STYLE_PLAIN) : "");
	print_connections(row, 6);
}

#define FIXED (2 + 2 + 9 + 1 + 8 + 2 + 8 + 1 + 6) /* columns of what has a fixed width */

static void print_heads(int name_width, int image_width)
{
	printf("%s%-*.*s  %-*.*s  %-9s %8s  %8s %6s%s", style(stdout, STYLE_TITLE), name_width,
		name_width, "CONTAINER", image_width, image_width, "IMAGE", "VERDICT", "REQ/S",
		"REFUSED", "CONNS", style(stdout, STYLE_PLAIN));
}

static void print_summary(const struct top *top)
{
	uint64_t refused = 0;
	double rate = 0;

	for (size_t i = 0; i < top->count; i++) {
		refused += top->rows[i].refused;
		rate += top->rows[i].rate;
	}
	if (!top->answered)
		fputs("latchd does not answer", stdout);
	else
		printf("latch %s, mode %.15s", top->healthy ? "healthy" : "NOT healthy", top->mode);
	printf(" | %.1f requests/s | %llu refused in the last minute", rate,
		(unsigned long long)refused);
}

void screen_show(const struct top *top, enum top_order order)
{
	struct winsize size = {0};
	int columns, lines, name_width, room;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		size = (struct winsize){.ws_row = 24, .ws_col = 80};
	columns = size.ws_col < FIXED + 12 ? FIXED + 12 : size.ws_col;
	lines = size.ws_row;
	room = columns - FIXED;
	name_width = room * 2 / 5;
	/* No line may wrap, or those above scroll away: auto-wrap is off while the page is written. */
	fputs("\033[?7l\033[H", stdout);
	print_summary(top);
	printf("\033[K\n\033[K\n");
	print_heads(name_width, room - name_width);
	fputs("\033[K\n", stdout);
	for (size_t i = 0; i < top->count && (int)i < lines - 5; i++) {
		print_row(&top->rows[i], name_width, room - name_width);
		fputs("\033[K\n", stdout);
	}
	printf("\033[J\033[%d;1Hby %s; arrows change that; q quits\033[K\033[?7h", lines,
		top_order_names[order]);
	fflush(stdout);
}

void screen_print(const struct top *top)
{
	int name_width = 9, image_width = 5;

	for (size_t i = 0; i < top->count; i++) {
		int name = (int)strlen(name_of(&top->rows[i]));
		int image = (int)strlen(top->rows[i].image);

		name_width = name > name_width ? name : name_width;
		image_width = image > image_width ? image : image_width;
	}
	print_heads(name_width, image_width);
	putchar('\n');
	for (size_t i = 0; i < top->count; i++) {
		print_row(&top->rows[i], name_width, image_width);
		putchar('\n');
	}
}
