// SPDX-License-Identifier: Apache-2.0
/*
 * Decides whether the head of a request can mean only one thing, and what that is. The rules are
 * RFC 9110 and 9112 read strictly; each one that is stricter than Go's server (which the engine
 * uses) says so. It does not look at the path, and knows nothing of the engine's routes.
 */
#include <errno.h>
#include <llhttp.h>
#include <strings.h>

#include "head.h"

/* RFC 9110, 5.6.2. */
static bool is_token(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_blank(unsigned char c)
{
	return c == ' ' || c == '\t';
}

static int problem_is(struct head_problem *problem, int status, const char *text)
{
	*problem = (struct head_problem){status, text};
	return -EBADMSG;
}

static const struct head_limits *limits_of(const struct head_scan *scan)
{
	static const struct head_limits most = {HEAD_MAX_SIZE, HEAD_MAX_FIELDS};

	return scan->limits ? scan->limits : &most;
}

static int scan_line(struct head_scan *scan, unsigned char c, struct head_problem *problem)
{
	if (scan->state == SCAN_START && (c == '\r' || c == '\n'))
		return problem_is(problem, 400, "an empty line before the request line");
	scan->state = SCAN_LINE;
	if (c == '\r')
		scan->state = SCAN_LINE_LF;
	else if (c == '\n')
		return problem_is(problem, 400, "a line that ends in LF without CR");
	else if (c < ' ' || c > '~')
		return problem_is(problem, 400, "a byte in the request line that is not printable");
	return 0;
}

static int scan_field(struct head_scan *scan, unsigned char c, struct head_problem *problem)
{
	if (c == '\r') {
		scan->state = SCAN_END_LF;
		return 0;
	}
	if (c == '\n')
		return problem_is(problem, 400, "a line that ends in LF without CR");
	if (is_blank(c))
		return problem_is(problem, 400, "a folded header field");
	if (!is_token(c))
		return problem_is(problem, 400, "a header field without a valid name");
	if (++scan->fields > limits_of(scan)->fields)
		return problem_is(problem, 431, "too many header fields");
	scan->state = SCAN_NAME;
	return 0;
}

static int scan_name(struct head_scan *scan, unsigned char c, struct head_problem *problem)
{
	if (c == ':')
		scan->state = SCAN_VALUE;
	else if (is_blank(c))
		return problem_is(problem, 400, "white space in a header field's name");
	else if (!is_token(c))
		return problem_is(problem, 400, "a header field without a valid name");
	return 0;
}

/* Bytes from 0x80 on are legal in values (obs-text) and go through as they are. */
static int scan_value(struct head_scan *scan, unsigned char c, struct head_problem *problem)
{
	if (c == '\r')
		scan->state = SCAN_VALUE_LF;
	else if (c == '\n')
		return problem_is(problem, 400, "a line that ends in LF without CR");
	else if ((c < ' ' && c != '\t') || c == 0x7f)
		return problem_is(problem, 400, "a control character in a header field's value");
	return 0;
}

/* One byte. Returns 1 at the end of the head. */
static int scan_byte(struct head_scan *scan, unsigned char c, struct head_problem *problem)
{
	switch (scan->state) {
	case SCAN_START:
	case SCAN_LINE:
		return scan_line(scan, c, problem);
	case SCAN_FIELD:
		return scan_field(scan, c, problem);
	case SCAN_NAME:
		return scan_name(scan, c, problem);
	case SCAN_VALUE:
		return scan_value(scan, c, problem);
	case SCAN_LINE_LF:
	case SCAN_VALUE_LF:
	case SCAN_END_LF:
		break;
	}
	if (c != '\n')
		return problem_is(problem, 400, "a CR that does not end a line");
	if (scan->state == SCAN_END_LF)
		return 1;
	scan->state = SCAN_FIELD;
	return 0;
}

ssize_t head_scan(
	struct head_scan *scan, const char *data, size_t length, struct head_problem *problem)
{
	while (scan->offset < length) {
		int r;

		if (scan->offset >= limits_of(scan)->size)
			return problem_is(problem, 431, "a request head that is too large");
		r = scan_byte(scan, data[scan->offset++], problem);
		if (r < 0)
			return r;
		if (r > 0)
			return scan->offset;
	}
	return 0;
}

/* What llhttp tells, in the order in which it tells it. */
struct reading {
	struct request_head *head;
	llhttp_t parser;
};

static struct reading *reading_of(llhttp_t *parser)
{
	return (struct reading *)((char *)parser - offsetof(struct reading, parser));
}

static int on_method(llhttp_t *parser, const char *at, size_t length)
{
	reading_of(parser)->head->method = (struct span){at, length};
	return 0;
}

static int on_url(llhttp_t *parser, const char *at, size_t length)
{
	reading_of(parser)->head->target = (struct span){at, length};
	return 0;
}

static int on_field(llhttp_t *parser, const char *at, size_t length)
{
	struct request_head *head = reading_of(parser)->head;

	if (head->field_count == HEAD_MAX_FIELDS)
		return HPE_USER;
	head->fields[head->field_count++] = (struct head_field){.name = {at, length}};
	return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t length)
{
	struct request_head *head = reading_of(parser)->head;
	struct span *value;

	/* The head is parsed in one piece, so each value is one piece: two would be a fold. */
	if (!head->field_count || head->fields[head->field_count - 1].value.data)
		return HPE_USER;
	value = &head->fields[head->field_count - 1].value;
	*value = (struct span){at, length};
	while (value->length && is_blank(value->data[0])) {
		value->data++;
		value->length--;
	}
	while (value->length && is_blank(value->data[value->length - 1]))
		value->length--;
	return 0;
}

static int on_headers_complete(llhttp_t *parser)
{
	(void)parser;
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
	.on_method = on_method,
	.on_url = on_url,
	.on_header_field = on_field,
	.on_header_value = on_value,
	.on_headers_complete = on_headers_complete,
};

/*
 * The request line by itself, so that what is wrong with it has a sentence of its own: method,
 * one space, target, one space, version. Go takes HTTP/1.2 for HTTP/1.1; nothing sends it.
 */
static int check_line(const char *data, size_t length, struct head_problem *problem)
{
	const char *end = memchr(data, '\r', length);
	size_t line = end - data;
	const char *first = memchr(data, ' ', line);
	const char *second = first ? memchr(first + 1, ' ', end - first - 1) : NULL;
	struct span version;

	if (line == strlen("PRI * HTTP/2.0") && !memcmp(data, "PRI * HTTP/2.0", line))
		return problem_is(problem, 400,
			"HTTP/2 with prior knowledge is not accepted on this socket; use HTTP/1.1");
	if (!first || first == data || !second || second == first + 1)
		return problem_is(
			problem, 400, "a request line that is not `METHOD target version`");
	version = (struct span){second + 1, end - second - 1};
	if (memchr(version.data, ' ', version.length))
		return problem_is(
			problem, 400, "a request line that is not `METHOD target version`");
	if (version.length != 8 ||
		(memcmp(version.data, "HTTP/1.1", 8) && memcmp(version.data, "HTTP/1.0", 8)))
		return problem_is(problem, 400, "a version that is neither HTTP/1.1 nor HTTP/1.0");
	return 0;
}

/* Fields that mean something here and must not come twice. */
enum single_field {
	SINGLE_HOST,
	SINGLE_CONTENT_LENGTH,
	SINGLE_CONTENT_TYPE,
	SINGLE_TRANSFER_ENCODING,
	SINGLE_UPGRADE,
	SINGLE_EXPECT,
	SINGLE_COUNT
};

static const struct {
	const char *name;
	const char *problem;
} singles[SINGLE_COUNT] = {
	[SINGLE_HOST] = {"host", "more than one Host"},
	[SINGLE_CONTENT_LENGTH] = {"content-length", "more than one Content-Length"},
	[SINGLE_CONTENT_TYPE] = {"content-type", "more than one Content-Type"},
	[SINGLE_TRANSFER_ENCODING] = {"transfer-encoding", "more than one Transfer-Encoding"},
	[SINGLE_UPGRADE] = {"upgrade", "more than one Upgrade"},
	[SINGLE_EXPECT] = {"expect", "more than one Expect"},
};

static int find_singles(const struct request_head *head, const struct span *found[SINGLE_COUNT],
	struct head_problem *problem)
{
	for (size_t i = 0; i < head->field_count; i++)
		for (size_t s = 0; s < SINGLE_COUNT; s++) {
			if (!span_is(head->fields[i].name, singles[s].name))
				continue;
			if (found[s])
				return problem_is(problem, 400, singles[s].problem);
			found[s] = &head->fields[i].value;
		}
	return 0;
}

/* Digits without sign, space, list or leading zero. At most 18, so that it never overflows. */
static int parse_length(struct span text, uint64_t *length)
{
	if (!text.length || text.length > 18 || (text.length > 1 && text.data[0] == '0'))
		return -EBADMSG;
	*length = 0;
	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return -EBADMSG;
		*length = *length * 10 + (text.data[i] - '0');
	}
	return 0;
}

/* RFC 9112, 6.3, with every case that it calls likely an attack refused. */
static int find_framing(struct request_head *head, const struct span *length,
	const struct span *encoding, struct head_problem *problem)
{
	if (length && encoding)
		return problem_is(problem, 400, "both Content-Length and Transfer-Encoding");
	if (encoding) {
		/* Go ignores it on HTTP/1.0 and takes the chunks for the next request. */
		if (head->minor == 0)
			return problem_is(problem, 400, "Transfer-Encoding in HTTP/1.0");
		if (!span_is(*encoding, "chunked"))
			return problem_is(
				problem, 400, "a Transfer-Encoding other than exactly `chunked`");
		head->body = BODY_CHUNKED;
	} else if (length) {
		if (parse_length(*length, &head->content_length) < 0)
			return problem_is(
				problem, 400, "a Content-Length that is not a plain number");
		head->body = BODY_LENGTH;
	}
	return 0;
}

static int find_expectation(
	struct request_head *head, const struct span *expect, struct head_problem *problem)
{
	if (!expect)
		return 0;
	if (!span_is(*expect, "100-continue"))
		return problem_is(problem, 417, "an Expect other than `100-continue`");
	/* RFC 9110, 10.1.1: not for HTTP/1.0, and pointless without a body. */
	head->expects_continue = head->minor == 1 && head->body != BODY_NONE &&
				 !(head->body == BODY_LENGTH && !head->content_length);
	return 0;
}

static int read_fields(struct request_head *head, struct head_problem *problem)
{
	const struct span *found[SINGLE_COUNT] = {NULL};
	int r = find_singles(head, found, problem);

	if (r < 0)
		return r;
	head->host = found[SINGLE_HOST];
	head->content_type = found[SINGLE_CONTENT_TYPE];
	head->upgrade = found[SINGLE_UPGRADE];
	if (!head->host && head->minor == 1)
		return problem_is(problem, 400, "no Host");
	r = find_framing(
		head, found[SINGLE_CONTENT_LENGTH], found[SINGLE_TRANSFER_ENCODING], problem);
	if (r < 0)
		return r;
	/*
	 * The engine trims and lower-cases media types by Unicode's rules, where U+00A0 is a space
	 * and U+212A a `k`: nothing but ASCII is compared here, so nothing else is let through.
	 */
	for (size_t i = 0; head->content_type && i < head->content_type->length; i++)
		if ((unsigned char)head->content_type->data[i] > '~')
			return problem_is(problem, 400, "a Content-Type that is not ASCII");
	head->close = head_connection_names(head, SPAN("close")) ||
		      (head->minor == 0 && !head_connection_names(head, SPAN("keep-alive")));
	return find_expectation(head, found[SINGLE_EXPECT], problem);
}

/* The second opinion: what llhttp made of the framing must be what the fields said. */
static bool parsers_agree(const struct request_head *head, const llhttp_t *parser)
{
	if (!!(parser->flags & F_CHUNKED) != (head->body == BODY_CHUNKED))
		return false;
	if (!!(parser->flags & F_CONTENT_LENGTH) != (head->body == BODY_LENGTH))
		return false;
	return head->body != BODY_LENGTH || parser->content_length == head->content_length;
}

/* llhttp stops at a second Content-Length by itself, but has no sentence for the client. */
static int explain_invalid(const struct request_head *head, struct head_problem *problem)
{
	const struct span *found[SINGLE_COUNT] = {NULL};

	if (find_singles(head, found, problem) < 0)
		return -EBADMSG;
	return problem_is(problem, 400, "a request head that is not valid HTTP/1.1");
}

int head_parse(
	const char *data, size_t length, struct request_head *head, struct head_problem *problem)
{
	struct reading reading = {.head = head};
	int r;

	memset(head, 0, sizeof(*head));
	r = check_line(data, length, problem);
	if (r < 0)
		return r;
	llhttp_init(&reading.parser, HTTP_REQUEST, &settings);
	r = llhttp_execute(&reading.parser, data, length);
	head->minor = reading.parser.http_minor;
	if (r != HPE_PAUSED || llhttp_get_error_pos(&reading.parser) != data + length)
		return explain_invalid(head, problem);
	r = read_fields(head, problem);
	if (r < 0)
		return r;
	if (!parsers_agree(head, &reading.parser))
		return problem_is(problem, 400, "a request head that can be read in two ways");
	return 0;
}

bool head_connection_names(const struct request_head *head, struct span name)
{
	for (size_t i = 0; i < head->field_count; i++) {
		const struct span *value = &head->fields[i].value;

		if (!span_is(head->fields[i].name, "connection"))
			continue;
		for (size_t at = 0; at < value->length;) {
			size_t end = at, next;

			while (end < value->length && value->data[end] != ',')
				end++;
			next = end + 1;
			while (at < end && is_blank(value->data[at]))
				at++;
			while (end > at && is_blank(value->data[end - 1]))
				end--;
			if (end - at == name.length &&
				!strncasecmp(value->data + at, name.data, name.length))
				return true;
			at = next;
		}
	}
	return false;
}

bool head_media_type_is(const struct request_head *head, const char *type)
{
	struct span media;
	const char *semicolon;

	if (!head->content_type)
		return false;
	media = *head->content_type;
	semicolon = memchr(media.data, ';', media.length);
	if (semicolon)
		media.length = semicolon - media.data;
	while (media.length && is_blank(media.data[media.length - 1]))
		media.length--;
	return span_is(media, type);
}
