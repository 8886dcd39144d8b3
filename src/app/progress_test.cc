#include "app/progress.h"

#include <chrono>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "app/status_view.h"

namespace wherry::app {
namespace {

using nlohmann::json;

json sample() {
  return json::parse(
      R"({"schema":1,"kind":"status","migration":"shop","state":"copying","paused":false,
    "running":true,"pid":1,"since":"2024-05-01T12:00:00.000Z",
    "source":"MariaDB 10.11","target":"MySQL 8.0",
    "copy":{"rows":1234567,"rows_estimate":2000000,"bytes":1503238553,"rows_per_second":85000,
            "bytes_per_second":44040192,"eta_seconds":185,"chunks_done":62,"chunks":100},
    "follow":{"position":"mysql-bin.000003:123","lag_seconds":0.2,"transactions":7,"changes":1000,
              "changes_per_second":12},
    "proof":{"chunks_proved":20,"chunks":100,"rows_proved":3,"dirty_keys":34,"all_proved":false,
             "oldest":null,"differences":0},
    "tables":[{"name":"shop.orders","target":"shop.orders_v2","state":"copying","rows":5,"rows_estimate":10,
               "chunks_done":1,"chunks":3,"chunks_proved":0,"dirty_keys":2,"differences":0},
              {"name":"shop.items","target":"shop.items","state":"proved","rows":5,"rows_estimate":5,
               "chunks_done":1,"chunks":1,"chunks_proved":1,"dirty_keys":0,"differences":0}],
    "findings":[],"error":null})");
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(StatusLines, show_phase_rows_rates_lag_and_proof) {
  View view;
  view.width = 200;
  EXPECT_EQ(
      joined(status_lines(sample(), view)),
      "shop  copying  MariaDB 10.11 → MySQL 8.0  since 2024-05-01T12:00:00.000Z\n"
      "  copy    ████████████░░░░░░░░  61 %  1,234,567 of ~2,000,000 rows  1.4 GiB  85,000/s  "
      "42.0 MiB/s  3 min 5 s left\n"
      "  follow  lag 0.2 s  1,000 changes in 7 transactions  12/s  at mysql-bin.000003:123\n"
      "  proof   ████░░░░░░░░░░░░░░░░  20 %  20 of 100 chunks  34 keys dirty  0 differences\n"
      "\n"
      "  table                         state      copied  proved    dirty differ  rows\n"
      "  shop.orders → shop.orders_v2  copying      33 %     0 %        2      0  5 of ~10\n"
      "  and 1 more, 2 in all\n");
}

TEST(StatusLines, calm_tables_are_shown_only_when_asked_for) {
  View view;
  EXPECT_EQ(joined(status_lines(sample(), view)).find("shop.items"), std::string::npos);
  view.all_tables = true;
  EXPECT_NE(joined(status_lines(sample(), view)).find("shop.items"), std::string::npos);
  json status = sample();
  status["tables"][1]["differences"] = 1;
  EXPECT_NE(joined(status_lines(status, {})).find("shop.items"), std::string::npos);
}

TEST(StatusLines, no_line_is_wider_and_no_more_lines_than_the_terminal) {
  json status = sample();
  for (int i = 0; i < 50; ++i) {
    json table = status["tables"][0];
    table["name"] = "shop.商品" + std::to_string(i);
    status["tables"].push_back(table);
    status["findings"].push_back({{"severity", "warning"},
                                  {"code", "c"},
                                  {"subject", std::string(100, 's')},
                                  {"why", "w"},
                                  {"what_to_do", "d"}});
  }
  status["error"] = {{"code", "mysql.auth"}, {"message", "refused"}};
  for (const bool color : {false, true}) {
    for (std::size_t width = 1; width < 160; width += 7) {
      for (const std::size_t height : {1U, 5U, 24U, 60U}) {
        const auto lines = status_lines(status, {width, height, color, true});
        EXPECT_LE(lines.size(), height);
        for (const std::string& line : lines) EXPECT_LE(display_width(line), width) << line;
      }
    }
  }
  EXPECT_NE(joined(status_lines(status, {80, 24, false, true})).find("mysql.auth"),
            std::string::npos);
}

TEST(StatusLines, a_document_that_says_nothing_is_shown_all_the_same) {
  EXPECT_EQ(joined(status_lines(json::object(), {})), "  unknown\n");
  EXPECT_EQ(status_line(json::parse(R"({"copy":null,"tables":3,"findings":"x","proof":[]})")),
            "unknown");
}

TEST(StatusLines, a_hundred_percent_is_said_only_when_all_is_done) {
  json status = sample();
  status["copy"]["rows"] = 2'000'000;
  EXPECT_NE(status_line(status).find("copied 99 %"), std::string::npos);
  status["state"] = "following";
  status["copy"]["chunks_done"] = 99999;
  status["copy"]["chunks"] = 100000;
  EXPECT_NE(status_line(status).find("copied 99 %"), std::string::npos);
}

TEST(StatusLines, unknown_dirty_keys_are_not_none) {
  json status = sample();
  status["proof"]["dirty_keys"] = nullptr;
  EXPECT_NE(status_line(status).find("keys dirty unknown"), std::string::npos);
  EXPECT_NE(joined(status_lines(status, {})).find("keys dirty unknown"), std::string::npos);
}

TEST(StatusLines, colour_is_there_only_when_asked_for) {
  EXPECT_EQ(joined(status_lines(sample(), {})).find('\x1b'), std::string::npos);
  View view;
  view.color = true;
  EXPECT_NE(joined(status_lines(sample(), view)).find('\x1b'), std::string::npos);
}

TEST(StatusLine, says_all_in_one_line) {
  json status = sample();
  status["findings"].push_back({{"severity", "warning"}});
  status["paused"] = true;
  EXPECT_EQ(status_line(status),
            "copying, paused | copied 61 % (1,234,567 of ~2,000,000 rows, 1.4 GiB) 85,000 rows/s "
            "42.0 MiB/s 3 min 5 s left | lag 0.2 s | proved 20 %, 34 keys dirty, 0 differences | 1 "
            "finding");
}

TEST(Fit, cuts_by_columns_and_ends_colours) {
  EXPECT_EQ(fit("abc", 3), "abc");
  EXPECT_EQ(fit("abcd", 3), "ab…");
  EXPECT_EQ(fit("商品x", 4), "商…");
  EXPECT_EQ(fit("\x1b[31mabcd\x1b[0m", 3), "\x1b[31mab…\x1b[0m");
  EXPECT_EQ(fit("abc", 0), "");
  EXPECT_EQ(display_width("\x1b[1m商\x1b[0m"), 2U);
}

class ProgressOutput : public testing::Test {
 protected:
  ProgressOptions options(bool terminal) {
    ProgressOptions options;
    options.terminal = terminal;
    options.size = [] { return std::pair<std::size_t, std::size_t>(80, 24); };
    options.now = [this] { return now_; };
    return options;
  }
  std::string taken() {
    std::string text = out_.str();
    out_.str("");
    return text;
  }
  std::ostringstream out_;
  std::chrono::steady_clock::time_point now_{std::chrono::hours(1)};
};

TEST_F(ProgressOutput, not_on_a_terminal_is_a_line_every_five_seconds_and_at_each_change_of_state) {
  Progress progress(out_, options(false));
  json status = sample();
  progress.show(status);
  EXPECT_NE(taken().find("copying | copied 61 %"), std::string::npos);
  now_ += std::chrono::seconds(4);
  progress.show(status);
  EXPECT_EQ(taken(), "");
  status["state"] = "following";
  progress.show(status);
  EXPECT_NE(taken().find("following"), std::string::npos);
  now_ += std::chrono::seconds(5);
  progress.show(status);
  const std::string line = taken();
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
}

TEST_F(ProgressOutput, on_a_terminal_the_view_is_redrawn_in_place_and_the_cursor_comes_back) {
  {
    Progress progress(out_, options(true));
    progress.show(json::object());
    EXPECT_EQ(taken(), "\x1b[?25l  unknown\n");
    progress.show(json{{"state", "copying"}});
    EXPECT_EQ(taken(), "\x1b[1F\x1b[J  copying\n");
    progress.note("a line");
    EXPECT_EQ(taken(), "\x1b[1F\x1b[Ja line\n  copying\n");
    progress.show(json{{"state", "copying"}});
    EXPECT_EQ(taken(), "\x1b[1F\x1b[J  copying\n");
  }
  EXPECT_EQ(taken(), "\x1b[?25h");
}

}  // namespace
}  // namespace wherry::app
