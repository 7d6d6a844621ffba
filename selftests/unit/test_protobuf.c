// SPDX-License-Identifier: Apache-2.0
/* The wire format of Protocol Buffers, and what of it is refused because decoders differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "protobuf.h"
#include "util.h"

#define BYTES(text) ((struct span){(text), sizeof(text) - 1})

static void expect_field(struct span *message, uint32_t number, enum protobuf_type type,
	uint64_t value, const char *bytes)
{
	struct protobuf_field field;

	assert_int_equal(protobuf_next(message, &field), 1);
	assert_int_equal(field.number, number);
	assert_int_equal(field.type, type);
	assert_int_equal(field.value, value);
	assert_int_equal(field.bytes.length, strlen(bytes));
	assert_memory_equal(field.bytes.data ? field.bytes.data : "", bytes, strlen(bytes));
}

static void expect_end(struct span *message)
{
	struct protobuf_field field;

	assert_int_equal(protobuf_next(message, &field), 0);
}

/* The documentation's own examples: 150 in field 1, "testing" in field 2. */
static void fields_come_one_after_the_other(void **state)
{
	struct span message = BYTES("\x08\x96\x01\x12\x07testing\x1d\1\2\3\4\x21\1\2\3\4\5\6\7\x8\x12\0");

	(void)state;
	expect_field(&message, 1, PROTOBUF_VARINT, 150, "");
	expect_field(&message, 2, PROTOBUF_BYTES, 0, "testing");
	expect_field(&message, 3, PROTOBUF_FIXED32, 0, "\1\2\3\4");
	expect_field(&message, 4, PROTOBUF_FIXED64, 0, "\1\2\3\4\5\6\7\x8");
	expect_field(&message, 2, PROTOBUF_BYTES, 0, "");
	expect_end(&message);
}

static void numbers_have_up_to_64_bits(void **state)
{
	struct span message = BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x08\x80\x00\xf8\xff\xff\xff\x0f\0");

	(void)state;
	expect_field(&message, 1, PROTOBUF_VARINT, UINT64_MAX, "");
	/* A value may be longer than it need be; all decoders agree on it. */
	expect_field(&message, 1, PROTOBUF_VARINT, 0, "");
	expect_field(&message, 536870911, PROTOBUF_VARINT, 0, "");
	expect_end(&message);
}

static void what_decoders_could_read_differently_is_refused(void **state)
{
	static const struct span bad[] = {
		BYTES("\x08"), BYTES("\x08\x80"), BYTES("\x12"), BYTES("\x12\x01"), BYTES("\x12\x02x"),
		BYTES("\x1d\1\2\3"), BYTES("\x21\1\2\3\4\5\6\7"), BYTES("\x12\x80"),
		/* a length of 2^64-1, and one of more bits */
		BYTES("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x"),
		BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
		BYTES("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
		/* groups, and types that there are not */
		BYTES("\x0b\x0c"), BYTES("\x0c"), BYTES("\x0e\0"), BYTES("\x0f\0"),
		/* field 0, field 2^29, and field 13 + 2^29 * 8, which 32 bits cut to 13 */
		BYTES("\0\0"), BYTES("\2\0"), BYTES("\x80\x80\x80\x80\x10\0"),
		BYTES("\xea\x80\x80\x80\x90\x01\1x"), BYTES("\xea\x80\x80\x80\x80\x80\x01\1x"),
		/* a tag that is longer than it need be */
		BYTES("\x88\x00\x01"), BYTES("\x8a\x80\x80\x80\x00\x01x"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct span message = bad[i];
		struct protobuf_field field;

		if (protobuf_next(&message, &field) != -EBADMSG)
			fail_msg("case %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_come_one_after_the_other),
		cmocka_unit_test(numbers_have_up_to_64_bits),
		cmocka_unit_test(what_decoders_could_read_differently_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
