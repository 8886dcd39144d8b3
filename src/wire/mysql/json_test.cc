#include "wire/mysql/json.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/text.h"

namespace wherry::wire::mysql {
namespace {

std::string text_of(std::string_view hex, JsonStyle style = {}) {
  std::string out = "left over";
  read_json(base::from_hex(hex).value(), style, out);
  return out;
}

// As MySQL 5.7.29 logged and printed it.
constexpr std::string_view times =
    "00020028001200010013000100"
    "0f14000f1e007475"
    "0b080000000591d8ffff"
    "0b0820a1070190010000";

TEST(Json, is_printed_as_its_server_prints_it) {
  EXPECT_EQ(text_of(""), "null");
  EXPECT_EQ(text_of("0401"), "true");
  EXPECT_EQ(text_of("05ffff"), "-1");
  EXPECT_EQ(text_of("0affffffffffffffff"), "18446744073709551615");
  EXPECT_EQ(text_of("0c0461220a1f"), "\"a\\\"\\n\\u001f\"");
  EXPECT_EQ(text_of("0c0a5c62080c0d090041c3bc"), "\"\\\\b\\b\\f\\r\\t\\u0000Aü\"");
  EXPECT_EQ(text_of(times), R"({"t": "-630:59:59.000000", "u": "25:00:01.500000"})");
}

TEST(Json, doubles_without_a_fraction_show_it_since_mysql_8) {
  constexpr std::string_view one = "0b000000000000f03f";
  EXPECT_EQ(text_of(one), "1");
  EXPECT_EQ(text_of(one, {.point = true}), "1.0");
  EXPECT_EQ(text_of("0b0000000000000080"), "-0");
  EXPECT_EQ(text_of("0b9a9999999999b93f"), "0.1");
  EXPECT_EQ(text_of("0b00008045c1d4ec42", {.point = true}), "253600809615360.0");
  EXPECT_EQ(text_of("0b0100000000000000"), "5e-324");
}

TEST(Json, typed_text_tells_the_types_that_the_servers_text_leaves_open) {
  const auto typed = [](std::string_view hex) {
    EXPECT_EQ(text_of(hex, {.types = true}), text_of(hex, {.point = true, .types = true}));
    return text_of(hex, {.types = true});
  };
  EXPECT_EQ(typed("05ffff"), "-1");
  EXPECT_EQ(typed("060500"), "5u");
  EXPECT_EQ(typed("0800000080"), "2147483648u");
  EXPECT_EQ(typed("0affffffffffffffff"), "18446744073709551615u");
  EXPECT_EQ(typed("0b000000000000f03f"), "1.0");
  EXPECT_EQ(typed("0b0000000000000080"), "-0.0");
  EXPECT_EQ(typed("0b00000000000059c0"), "-100.0");
  EXPECT_EQ(typed("0b9a9999999999b93f"), "0.1");
  EXPECT_EQ(typed("0b408cb5781daf1544"), "1e20");
  EXPECT_EQ(typed("0ff60403028132"), "1.50m");
  EXPECT_EQ(typed("0c0178"), "\"x\"");
  EXPECT_EQ(typed("0401"), "true");
  EXPECT_EQ(typed(times), R"({"t": time"-630:59:59.000000", "u": time"25:00:01.500000"})");
  EXPECT_EQ(typed("0f0f03414243"), "opaque\"base64:type15:QUJD\"");
}

TEST(Json, that_ends_early_is_malformed_and_nothing_worse) {
  const std::string whole = base::from_hex(times).value();
  std::string out;
  for (std::size_t length = 1; length < whole.size(); ++length) {
    EXPECT_THROW(read_json(std::string_view(whole).substr(0, length), {}, out), base::Error)
        << length;
  }
  EXPECT_THROW(text_of("0d00"), base::Error) << "no such type";
  EXPECT_THROW(text_of("0403"), base::Error) << "no such literal";
}

TEST(Json, parts_that_overlap_are_malformed_and_make_no_text_greater_than_themselves) {
  // An array of two strings at one place: of a document made so on each of its levels, the text
  // would double with each.
  const std::string twice = "0202001f000c0a000c0a0014" + base::to_hex("aaaaaaaaaaaaaaaaaaaa");
  EXPECT_THROW(text_of(twice), base::Error);
  EXPECT_EQ(text_of("0201001c000c070014" + base::to_hex("aaaaaaaaaaaaaaaaaaaa")),
            R"(["aaaaaaaaaaaaaaaaaaaa"])");
}

}  // namespace
}  // namespace wherry::wire::mysql
