#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/load.h"

namespace wherry::config {
namespace {

using namespace std::chrono_literals;
using List = std::vector<std::string>;

// The test's text begins on line 4.
Loaded with_cutover(std::string_view text) {
  return parse(
      "name: shop\n"
      "source: {dsn: \"mysql://u@old\"}\n"
      "target: {dsn: \"mysql://u@new\"}\n" +
          std::string(text),
      "/etc/w.yaml", {"", "", "/home/me", false});
}

// "line code" of each problem.
List problems_of(std::string_view text) {
  List list;
  for (const Problem& problem : with_cutover(text).problems) {
    list.push_back(fmt::format("{} {}", problem.place.line, problem.code));
  }
  return list;
}

TEST(CutOverSection, commands_reach_their_place) {
  const auto loaded = with_cutover(R"(cutover:
  guards:
    command: {raise: stop-app, lower: start-app --at $WHERRY_SIDE, check: app-is-stopped, timeout: 30 s}
  wait_for:
    - {command: "until queue-is-empty; do sleep 1; done", timeout: 20 s}
    - command: |
        one
        two
)");
  ASSERT_EQ(loaded.problems.size(), 0U);
  const CutOver& cutover = loaded.migration->cutover;
  ASSERT_TRUE(cutover.guards.command);
  EXPECT_EQ(cutover.guards.command->raise, "stop-app");
  EXPECT_EQ(cutover.guards.command->lower, "start-app --at $WHERRY_SIDE");
  EXPECT_EQ(cutover.guards.command->check, "app-is-stopped");
  EXPECT_EQ(cutover.guards.command->timeout, 30s);
  ASSERT_EQ(cutover.wait_for.size(), 2U);
  EXPECT_EQ(cutover.wait_for[0].command, "until queue-is-empty; do sleep 1; done");
  EXPECT_EQ(cutover.wait_for[0].timeout, 20s);
  EXPECT_EQ(cutover.wait_for[1].command, "one\ntwo\n");
  EXPECT_EQ(cutover.wait_for[1].timeout, 10s);
}

TEST(CutOverSection, without_commands_there_are_none) {
  const auto loaded = with_cutover("cutover: {guards: {read_only: true}}\n");
  ASSERT_TRUE(loaded.migration);
  EXPECT_FALSE(loaded.migration->cutover.guards.command);
  EXPECT_TRUE(loaded.migration->cutover.wait_for.empty());
}

TEST(CutOverSection, mistakes_in_commands_are_told_with_their_lines) {
  EXPECT_EQ(problems_of("cutover:\n guards:\n  command: {raise: stop}\n"),
            List{"6 config.missing_key"});
  EXPECT_EQ(problems_of("cutover:\n guards:\n  command: stop\n"), List{"6 config.wrong_type"});
  EXPECT_EQ(problems_of("cutover:\n guards:\n  command:\n   raise: a\n   lower: ''\n   chek: c\n"),
            (List{"8 config.bad_value", "9 config.unknown_key"}));
  EXPECT_EQ(problems_of("cutover:\n guards:\n  command: {raise: a, lower: b, timeout: 30}\n"),
            List{"6 config.bad_value"});
  EXPECT_EQ(problems_of("cutover:\n wait_for: drained\n"), List{"5 config.wrong_type"});
  EXPECT_EQ(problems_of("cutover:\n wait_for:\n  - {timeout: 1 s}\n  - drained\n"),
            (List{"6 config.missing_key", "7 config.wrong_type"}));
}

TEST(CutOverSection, machines_and_addresses_reach_their_place) {
  const auto loaded = with_cutover(
      "cutover: {guards: {network: {allow: [10.0.0.5, \"fd00::/8\"], source: root@db1, target: "
      "local}}}\n");
  ASSERT_TRUE(loaded.migration);
  const auto& network = loaded.migration->cutover.guards.network;
  ASSERT_TRUE(network);
  ASSERT_EQ(network->allow.size(), 2U);
  EXPECT_EQ(network->allow[1].text(), "fd00::/8");
  EXPECT_EQ(network->source, "root@db1");
  EXPECT_EQ(network->target, "local");
}

TEST(CutOverSection, mistakes_in_networks_are_told_with_their_lines) {
  const auto in_network = [](const std::string& text) {
    return problems_of("cutover:\n guards:\n  network:\n" + text);
  };
  EXPECT_EQ(in_network("   source: local\n   allow:\n   - db1\n   - 10.0.0.0/33\n"),
            (List{"9 config.bad_value", "10 config.bad_value"}));
  EXPECT_EQ(in_network("   source: -oProxyCommand=x\n   target: a b\n"),
            (List{"7 config.bad_value", "8 config.bad_value"}));
  EXPECT_EQ(in_network("   allow: []\n"), List{"7 config.missing_key"});
  EXPECT_EQ(in_network("   souce: local\n   target: local\n"), List{"7 config.unknown_key"});
}

}  // namespace
}  // namespace wherry::config
