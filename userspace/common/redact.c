// SPDX-License-Identifier: Apache-2.0
/*
 * Decides which parts of a request's head may be written down. It believes nothing of the text but
 * its length: a head can be cut anywhere, and can be one that the kernel gave up on.
 *
 * What it cannot read it does not show. Header fields whose name says that they hold a credential
 * lose their value; so do build arguments in the query, URLs with a user or password, and any value
 * that might be one of these but is cut or encoded too often. Behind the first line that is not a
 * header field nothing is shown: it may be the rest of a secret. It does not look at bodies, and
 * does not know a secret that a client puts where none belongs (a tag, a container's name).
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "redact.h"
#include "util.h"

/* In the folded name of a header field: its value is a credential. */
static const char *const secret_words[] = {
	"auth", /* Authorization, Proxy-Authorization, X-Registry-Auth, X-Auth-Token */
	"registryconfig", /* X-Registry-Config: credentials for the registries of a build */
	"cookie",
	"token",
	"secret",
	"passw",
	"credential",
	"apikey",
};

/* In the folded key of a query's parameter: its value is JSON that holds secrets. */
static const char build_arguments[] = "buildarg";

/* In the folded key of a query's parameter: its value is a URL, whose every part may be secret. */
static const char *const url_words[] = { "remote", "fromsrc" };

/* Engines before 20.10.10 or so (Go before 1.17) end a parameter at ';' as well. */
#define OLD_SEPARATOR ';'

#define DECODE_PASSES 3 /* more escapes within escapes than that are nobody's honest spelling */
#define METHOD_MAX    15

struct part {
	const char *data;
	size_t length;
};

static struct part part_of(const char *from, const char *to)
{
	return (struct part){ from, to - from };
}

/* Cuts a part in two at the first `separator`, which is in neither. False: there is none. */
static bool split(struct part whole, char separator, struct part *first, struct part *rest)
{
	const char *end = whole.data + whole.length;
	const char *at = whole.length ? memchr(whole.data, separator, whole.length) : NULL;

	*first = part_of(whole.data, at ? at : end);
	*rest = part_of(at ? at + 1 : end, end);
	return at;
}

static bool contains(struct part part, const char *word)
{
	return part.length && memmem(part.data, part.length, word, strlen(word));
}

static void put(FILE *out, struct part part)
{
	fwrite(part.data, 1, part.length, out);
}

/* Decoding. */

/* Replaces each escape and '+' in place; what is no escape stays. True: there was an escape. */
static bool decode_once(char *text, size_t *length)
{
	size_t to = 0;
	bool changed = false;

	for (size_t i = 0; i < *length; i++) {
		char c = text[i] == '+' ? ' ' : text[i];

		if (c == '%' && i + 2 < *length && hex_value(text[i + 1]) >= 0 &&
			hex_value(text[i + 2]) >= 0) {
			c = hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]);
			i += 2;
			changed = true;
		}
		text[to++] = c;
	}
	*length = to;
	return changed;
}

struct decoded {
	char *text; /* owned; NULL without memory */
	struct part part;
	bool unread; /* a '%' is left: it was meant, or an escape is broken */
	bool deep;   /* a '%' is left after so many passes: it may stand for anything */
};

/*
 * Decodes as often as there is something to decode: a secret that only the next reader of the URL
 * would decode is one as well.
 */
static struct decoded decode(struct part part)
{
	struct decoded decoded = { .text = malloc(part.length + 1) };
	size_t length = part.length;
	int passes = 0;

	if (!decoded.text)
		return decoded;
	memcpy(decoded.text, part.data, length);
	while (passes < DECODE_PASSES && decode_once(decoded.text, &length))
		passes++;
	decoded.part = (struct part){ decoded.text, length };
	decoded.unread = contains(decoded.part, "%");
	decoded.deep = decoded.unread && passes == DECODE_PASSES;
	return decoded;
}

/*
 * Leaves the letters and digits of a name, in lower case: "X_Registry-AUTH " and "x-registry-auth"
 * are one name to somebody.
 */
static void fold(struct decoded *name)
{
	size_t to = 0;

	for (size_t i = 0; i < name->part.length; i++) {
		char c = name->text[i];

		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			name->text[to++] = c;
	}
	name->part.length = to;
}

/* Credentials in URLs. */

/* Might the decoded text hold "//user:password@"? */
static bool holds_userinfo(const struct decoded *text, bool cut)
{
	const char *end = text->part.data + text->part.length;
	const char *at = text->part.length ? memmem(text->part.data, text->part.length, "//", 2) :
					     NULL;

	if (text->deep)
		return true;
	if (!at)
		return false;
	/* Where the text is cut or cannot be read, the '@' may still come. */
	return cut || text->unread || memchr(at, '@', end - at);
}

/* "@sha256:" and 64 digits at the end, as in the name of a plugin or an image. */
static bool ends_in_digest(struct part text)
{
	static const char prefix[] = "@sha256:";
	const size_t digits = 64;
	const char *tail;

	if (text.length < sizeof(prefix) - 1 + digits)
		return false;
	tail = text.data + text.length - digits;
	for (size_t i = 0; i < digits; i++)
		if (hex_value(tail[i]) < 0)
			return false;
	tail -= sizeof(prefix) - 1;
	return !memcmp(tail, prefix, sizeof(prefix) - 1) &&
	       !(tail > text.data && memchr(text.data, '@', tail - text.data));
}

/* A value that is a URL, or one without its scheme: user, password and signed query are secret. */
static bool url_is_secret(const struct decoded *value, bool cut)
{
	struct part text = value->part;

	if (cut || value->unread || contains(text, "?"))
		return true;
	if (!contains(text, "@"))
		return false;
	return contains(text, "//") || !ends_in_digest(text);
}

/* The query. */

enum show {
	SHOW,
	HIDE,	   /* the value */
	HIDE_REST, /* the value, and whatever comes: nobody knows where the value ends */
};

static enum show show_build_arguments(const struct decoded *value)
{
	json_t *json;

	if (!value->part.length)
		return HIDE;
	/*
	 * A client that does not escape its JSON sends "&" as a part of it, and what follows looks
	 * like the next parameter. Where the value is not whole, all of the rest counts to it.
	 */
	json = json_loadb(value->part.data, value->part.length, JSON_DECODE_ANY, NULL);
	if (!json)
		return HIDE_REST;
	json_decref(json);
	return HIDE;
}

static bool is_url_key(struct part folded)
{
	for (size_t i = 0; i < ARRAY_SIZE(url_words); i++)
		if (contains(folded, url_words[i]))
			return true;
	return false;
}

/*
 * Both are decoded; the key is folded as well, and the value will be. `open`: the '@' behind a
 * password may come later, because the text is cut, or because the password holds an '&' that
 * nobody escaped.
 */
static enum show judge_parameter(const struct decoded *key, struct decoded *value, bool open)
{
	bool secret;

	if (!key->text || !value->text)
		return HIDE_REST; /* no memory to look: nothing is shown */
	if (contains(key->part, build_arguments))
		return show_build_arguments(value);
	if (key->unread)
		return HIDE_REST; /* may be any of the keys */
	secret = is_url_key(key->part) ? url_is_secret(value, open) : holds_userinfo(value, open);
	/* A URL in a value, with a query of its own: where that ends is not known. */
	fold(value);
	if (contains(value->part, build_arguments))
		return HIDE_REST;
	if (secret)
		return open ? HIDE_REST : HIDE;
	return SHOW;
}

/* The last '@', or escape that may become one; NULL without. */
static const char *last_at(struct part part)
{
	for (const char *at = part.data + part.length; at-- > part.data;) {
		size_t left = part.data + part.length - at;

		if (*at == '@' || (left >= 3 && (!memcmp(at, "%40", 3) || !memcmp(at, "%25", 3))))
			return at;
	}
	return NULL;
}

/* What every parameter of a query has to know of the whole. */
struct query {
	const char *at; /* last_at(): found once, for there may be a thousand parameters */
	bool cut;
};

/* Is what lies before `rest` open, as judge_parameter() means it? */
static bool is_open(const struct query *query, struct part rest)
{
	return query->cut || (query->at && query->at >= rest.data);
}

/* `open`: see judge_parameter(). */
static enum show write_parameter(FILE *out, struct part parameter, bool open)
{
	_cleanup_free_ char *key_text = NULL, *value_text = NULL;
	struct decoded key, value;
	struct part name, rest;
	bool has_value = split(parameter, '=', &name, &rest);
	enum show show;

	key = decode(name);
	key_text = key.text;
	value = decode(rest);
	value_text = value.text;
	/* "//u:p@h" without '=' is a key that is all value. */
	if (!key.text || holds_userinfo(&key, open || last_at(rest))) {
		fputs(REDACTED, out);
		return HIDE_REST;
	}
	fold(&key);
	show = judge_parameter(&key, &value, open);
	put(out, name);
	if (!has_value)
		return contains(key.part, build_arguments) ? HIDE : SHOW;
	fputc('=', out);
	if (show == SHOW)
		put(out, rest);
	else if (rest.length)
		fputs(REDACTED, out);
	return show;
}

/* What lies between two '&': one parameter, or several to an old engine. */
static enum show write_piece(FILE *out, struct part piece, const struct query *query)
{
	struct part parameter, rest;
	enum show show;
	bool more;

	do {
		more = split(piece, OLD_SEPARATOR, &parameter, &rest);
		show = write_parameter(out, parameter, is_open(query, rest));
		if (more)
			fputc(OLD_SEPARATOR, out);
		/* To a new engine the separator is a part of the value, or of the key. */
		if (more && show != SHOW) {
			fputs(REDACTED, out);
			return HIDE_REST; /* the rest was not looked at */
		}
		piece = rest;
	} while (more);
	return show;
}

static void write_query(FILE *out, struct part text, bool cut)
{
	const struct query query = { last_at(text), cut };
	struct part piece, rest;
	enum show show;
	bool more;

	do {
		more = split(text, '&', &piece, &rest);
		show = write_piece(out, piece, &query);
		if (more)
			fputc('&', out);
		if (more && show == HIDE_REST) {
			fputs(REDACTED, out);
			break;
		}
		text = rest;
	} while (more);
}

/*
 * A path may be a URL, to a proxy or by mistake, with a password that holds a '?'; or hide a query
 * behind an escaped '?'.
 */
static bool path_is_secret(struct part path, bool open)
{
	_cleanup_free_ char *text = NULL;
	struct decoded decoded = decode(path);
	bool assigns;

	text = decoded.text;
	if (!text || holds_userinfo(&decoded, open))
		return true;
	assigns = contains(decoded.part, "=") || decoded.unread;
	fold(&decoded);
	return assigns && contains(decoded.part, build_arguments);
}

static void write_target(FILE *out, struct part target, bool cut)
{
	struct part path, query;
	bool has_query = split(target, '?', &path, &query);

	if (path_is_secret(path, cut || last_at(query))) {
		fputs(REDACTED, out);
		return;
	}
	put(out, path);
	if (has_query) {
		fputc('?', out);
		write_query(out, query, cut);
	}
}

char *redact_target(const char *text, size_t length, bool cut)
{
	char *redacted = NULL;
	size_t size;
	FILE *out = open_memstream(&redacted, &size);
	bool failed;

	if (!out)
		return NULL;
	write_target(out, (struct part){ text, length }, cut);
	failed = ferror(out);
	if (fclose(out) || failed) {
		free(redacted);
		return NULL;
	}
	return redacted;
}

/* The head. */

/* A line as it lies in the head. */
struct line {
	struct part text; /* without its end */
	bool whole;	  /* its end is there: CR LF */
	bool readable;	  /* no control characters, a lone CR or LF included */
};

/* Takes the next line off the text. False: there is nothing left. */
static bool next_line(struct part *rest, struct line *line)
{
	struct part text;

	if (!rest->length)
		return false;
	line->whole = split(*rest, '\n', &text, rest);
	line->readable = true;
	if (text.length && text.data[text.length - 1] == '\r')
		text.length--;
	else if (line->whole)
		line->readable = false; /* a lone LF ends a line to some, and not to others */
	for (size_t i = 0; i < text.length; i++) {
		unsigned char c = text.data[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			line->readable = false;
	}
	line->text = text;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct part trim(struct part part)
{
	while (part.length && is_blank(part.data[0])) {
		part.data++;
		part.length--;
	}
	while (part.length && is_blank(part.data[part.length - 1]))
		part.length--;
	return part;
}

/* RFC 9110, 5.6.2. */
static bool is_token(struct part part)
{
	for (size_t i = 0; i < part.length; i++) {
		char c = part.data[i];

		if (c <= ' ' || c > '~' || strchr("\"(),/:;<=>?@[\\]{}", c))
			return false;
	}
	return part.length;
}

static bool is_secret_name(struct part name)
{
	_cleanup_free_ char *text = NULL;
	struct decoded folded = decode(name);

	text = folded.text;
	if (!text)
		return true;
	fold(&folded);
	for (size_t i = 0; i < ARRAY_SIZE(secret_words); i++)
		if (contains(folded.part, secret_words[i]))
			return true;
	return false;
}

/* May the value of a field with a harmless name be shown? A Referer is a URL. */
static bool is_secret_value(struct part value, bool cut)
{
	_cleanup_free_ char *text = NULL;
	struct decoded decoded = decode(value);

	text = decoded.text;
	if (!text || holds_userinfo(&decoded, cut))
		return true;
	fold(&decoded);
	return contains(decoded.part, build_arguments);
}

/* Takes the string; frees it where it cannot be added. */
static int add_field(struct redacted_head *head, char *field)
{
	char **fields = reallocarray(head->fields, head->field_count + 1, sizeof(*fields));

	if (fields)
		head->fields = fields;
	if (!fields || !field) {
		free(field);
		return -ENOMEM;
	}
	head->fields[head->field_count++] = field;
	return 0;
}

/* "Name: value". Returns 1 where the line is none, 0, or -ENOMEM. */
static int take_field(struct redacted_head *head, const struct line *line)
{
	static const struct part hidden = { REDACTED, sizeof(REDACTED) - 1 };
	struct part name, value;
	char *field = NULL;

	if (!line->readable || !split(line->text, ':', &name, &value)) {
		/* A name that is cut says nothing: it is left out. */
		return line->readable && !line->whole && is_token(line->text) ? 0 : 1;
	}
	if (!is_token(name))
		return 1;
	value = trim(value);
	if (value.length && (is_secret_name(name) || is_secret_value(value, !line->whole)))
		value = hidden;
	if (asprintf(&field, "%.*s: %.*s", (int)name.length, name.data, (int)value.length,
		    value.data) < 0)
		field = NULL;
	return add_field(head, field);
}

static bool is_method(struct part word)
{
	for (size_t i = 0; i < word.length; i++) {
		char c = word.data[i] | ('a' - 'A');

		if ((c < 'a' || c > 'z') && word.data[i] != '-')
			return false;
	}
	return word.length && word.length <= METHOD_MAX;
}

static bool begins_with(struct part part, const char *word)
{
	return part.length >= strlen(word) && !memcmp(part.data, word, strlen(word));
}

/* The forms of RFC 9112, 3.2, but for CONNECT's; a field that poses as a request line has none. */
static bool is_target(struct part word)
{
	return begins_with(word, "/") || begins_with(word, "http://") ||
	       begins_with(word, "https://") || (word.length == 1 && word.data[0] == '*');
}

static bool is_version(struct part word)
{
	static const char name[] = "HTTP/";
	size_t length = sizeof(name) - 1;

	return word.length == length + 3 && begins_with(word, name) &&
	       word.data[length] >= '0' && word.data[length] <= '9' &&
	       word.data[length + 1] == '.' && word.data[length + 2] >= '0' &&
	       word.data[length + 2] <= '9';
}

/* "METHOD target HTTP/1.1". Returns 1 where it is another, and then shows what it can of it. */
static int take_request_line(struct redacted_head *head, const struct line *line)
{
	struct part method, target, version = {};
	bool ends, has_version;

	if (!line->readable || !split(line->text, ' ', &method, &target))
		return 1;
	ends = split(target, ' ', &target, &version);
	if (!is_method(method) || !is_target(target))
		return 1;
	has_version = ends && is_version(version);
	head->method = strndup(method.data, method.length);
	/* Without a version behind it, it may have held a blank: then its end is not known. */
	head->target = redact_target(target.data, target.length, !has_version);
	if (has_version)
		head->version = strndup(version.data, version.length);
	if (!head->method || !head->target || (has_version && !head->version))
		return -ENOMEM;
	return has_version || !line->whole ? 0 : 1;
}

static int take_lines(struct redacted_head *head, struct part rest)
{
	struct line line;
	int r;

	if (!next_line(&rest, &line))
		return 0;
	r = take_request_line(head, &line);
	while (r == 0 && next_line(&rest, &line)) {
		if (line.readable && !line.text.length) {
			/* The empty line ends the head. What follows is none of it. */
			r = rest.length ? 1 : 0;
			break;
		}
		r = take_field(head, &line);
	}
	return r == 1 ? add_field(head, strdup(REDACTED_REST)) : r;
}

int redact_head(const char *text, size_t length, struct redacted_head *head)
{
	int r;

	*head = (struct redacted_head){};
	r = take_lines(head, (struct part){ text, length });
	if (r < 0)
		redacted_head_free(head);
	return r;
}

void redacted_head_free(struct redacted_head *head)
{
	for (size_t i = 0; i < head->field_count; i++)
		free(head->fields[i]);
	free(head->fields);
	free(head->method);
	free(head->target);
	free(head->version);
	*head = (struct redacted_head){};
}
