#include "config/load.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "config/template.h"

namespace wherry::config {
namespace {

const Surroundings home{"", "", "/home/me", false};

// Lines 1-3 of every row config below; the test's own text starts on line 4.
constexpr std::string_view rows_head =
    "name: shop\n"
    "source: {dsn: \"mysql://u@old\"}\n"
    "target: {dsn: \"mysql://u@new\"}\n";

Loaded parse_text(std::string_view text) { return parse(text, "/etc/w.yaml", home); }
Loaded with_head(std::string_view text) {
  return parse_text(std::string(rows_head) + std::string(text));
}

// "line:column code" of each problem.
std::vector<std::string> short_form(const Loaded& loaded) {
  std::vector<std::string> list;
  for (const Problem& problem : loaded.problems) {
    list.push_back(fmt::format("{}:{} {}", problem.place.line, problem.place.column, problem.code));
  }
  return list;
}
using List = std::vector<std::string>;

TEST(Load, smallest_config_gets_defaults) {
  const Loaded loaded = with_head("");
  ASSERT_EQ(short_form(loaded), List{});
  const Migration& m = *loaded.migration;
  EXPECT_EQ(m.name, "shop");
  EXPECT_EQ(address(m.source), "u@old:3306");
  EXPECT_EQ(m.journal, "/home/me/.local/state/wherry/shop");
  EXPECT_EQ(m.socket(), "/home/me/.local/state/wherry/shop/wherry.sock");
  EXPECT_EQ(m.limits, Limits{});
  EXPECT_TRUE(m.tables.selects({"any", "table"}));
  EXPECT_FALSE(m.tables.selects({"mysql", "user"}));
  EXPECT_FALSE(m.server_id.has_value());
}

TEST(Load, every_key_reaches_its_place) {
  const Loaded loaded = parse_text(R"(
name: shop-1
source:
  type: mysql
  host: "::1"
  port: 3307
  user: reader
  password_file: secret
  tls: {ca: ca.pem, cert: /c.pem, key: /k.pem}
  compress: true
  new_log_every: 1 min
  read_from: {host: replica, port: 3309}
target:
  dsn: mysql://writer@new:3308/?password_env=PW&tls_required=true
tables: {include: ["shop.*", "crm.a?"], exclude: ["shop.tmp_*"]}
routes: [{from: shop, to: shop2}, {from: shop.orders, to: shop.orders_v2}]
limits:
  threads: 8
  rows_per_second: 10000
  bytes_per_second: 50 MB/s
  memory: 1 GiB
  yield: false
  back_off: {threads_running: 40, replica_lag: 1.5 s}
ddl: {default: stop, drop_table: ignore}
verify: {way: stream, digest: xxh3, max_proof_age: 12 h, recheck: {times: 3, wait: 200 ms}}
journal: state
server_id: 99
)");
  ASSERT_EQ(short_form(loaded), List{});
  const Migration& m = *loaded.migration;
  const auto& source = std::get<MysqlStore>(m.source);
  EXPECT_EQ(address(m.source), "reader@[::1]:3307");
  EXPECT_EQ(source.password.origin(), "file /etc/secret");
  EXPECT_EQ(source.tls.ca, "/etc/ca.pem");
  EXPECT_TRUE(source.tls.verify);
  EXPECT_TRUE(source.tls.required);
  EXPECT_TRUE(source.compress);
  EXPECT_EQ(source.new_log_every, std::chrono::minutes(1));
  ASSERT_TRUE(source.read_from);
  EXPECT_EQ(source.read_from->host, "replica");
  EXPECT_EQ(source.read_from->port, 3309);
  EXPECT_EQ(source.read_from->user, "reader");
  EXPECT_EQ(source.read_from->password.origin(), "file /etc/secret");
  EXPECT_EQ(source.read_from->tls.ca, "/etc/ca.pem");
  EXPECT_TRUE(source.read_from->compress);
  const auto& target = std::get<MysqlStore>(m.target);
  EXPECT_EQ(target.port, 3308);
  EXPECT_FALSE(target.compress);
  EXPECT_EQ(target.user, "writer");
  EXPECT_EQ(target.password.origin(), "environment variable PW");
  EXPECT_TRUE(target.tls.required);
  EXPECT_FALSE(target.tls.verify);
  EXPECT_TRUE(m.tables.selects({"crm", "ab"}));
  EXPECT_FALSE(m.tables.selects({"shop", "tmp_1"}));
  EXPECT_EQ(m.routes.target({"shop", "orders"}).text(), "shop.orders_v2");
  EXPECT_EQ(m.routes.target({"shop", "items"}).text(), "shop2.items");
  EXPECT_EQ(m.limits.threads, 8U);
  EXPECT_EQ(m.limits.rows_per_second, 10000U);
  EXPECT_EQ(m.limits.bytes_per_second->count, 50'000'000U);
  EXPECT_EQ(m.limits.memory.count, 1U << 30U);
  EXPECT_FALSE(m.limits.yields);
  EXPECT_EQ(m.limits.back_off.threads_running, 40U);
  EXPECT_EQ(m.limits.back_off.replica_lag->count(), 1500);
  EXPECT_EQ(m.ddl.action(DdlKind::alter_table), DdlAction::stop);
  EXPECT_EQ(m.ddl.action(DdlKind::drop_table), DdlAction::ignore);
  EXPECT_EQ(m.verify.max_proof_age, std::chrono::hours(12));
  EXPECT_EQ(m.verify.recheck_times, 3U);
  EXPECT_EQ(m.verify.recheck_wait.count(), 200);
  EXPECT_EQ(m.journal, "/etc/state");
  EXPECT_EQ(m.server_id, 99U);
}

TEST(Load, files_are_told_by_type_or_dsn) {
  const Loaded loaded = parse_text(
      "name: f\nsource: {dsn: \"file:///srv/a%20b/\"}\n"
      "target: {type: file, path: ../new/, deletes: propagate, max_deletes: 7}\n");
  ASSERT_EQ(short_form(loaded), List{});
  EXPECT_EQ(std::get<FileStore>(loaded.migration->source).path, "/srv/a b/");
  const auto& target = std::get<FileStore>(loaded.migration->target);
  EXPECT_EQ(target.path, "/new");
  EXPECT_EQ(target.deletes, Deletes::propagate);
  EXPECT_EQ(target.max_deletes, 7U);
}

struct Mistake {
  std::string_view text;  // from line 4 on
  List problems;
};

TEST(Load, each_mistake_is_told_with_its_place_and_code) {
  const std::vector<Mistake> cases{
      {"tables: {incldue: [\"a.*\"]}\n", {"4:10 config.unknown_key"}},
      {"limts:\n  threads: 1\n", {"4:1 config.unknown_key"}},
      {"limits:\n  threads: lots\n", {"5:12 config.bad_value"}},
      {"limits:\n  threads: 0\n", {"5:12 config.out_of_range"}},
      {"limits:\n  threads: -1\n", {"5:12 config.bad_value"}},
      {"limits:\n  threads: [1]\n", {"5:12 config.wrong_type"}},
      {"limits:\n  threads:\n  memory: 1 GiB\n", {"5:3 config.wrong_type"}},
      {"limits: 4\n", {"4:9 config.wrong_type"}},
      {"limits:\n  memory: 1 MiB\n", {"5:11 config.out_of_range"}},
      {"limits:\n  memory: 512\n", {"5:11 config.bad_value"}},
      {"limits:\n  bytes_per_second: 50 MB\n", {"5:21 config.bad_value"}},
      {"limits:\n  rows_per_second: 10k\n", {"5:20 config.bad_value"}},
      {"limits:\n  back_off:\n    replica_lag: 10\n", {"6:18 config.bad_value"}},
      {"limits:\n  back_off:\n    lag: 10 s\n", {"6:5 config.unknown_key"}},
      {"tables:\n  include: shop.*\n", {"5:12 config.wrong_type"}},
      {"tables:\n  include:\n", {"5:3 config.wrong_type"}},
      {"tables:\n  include: []\n", {"5:12 config.bad_value"}},
      {"tables:\n  include:\n    - shop\n", {"6:7 config.bad_glob"}},
      {"tables:\n  include:\n    - ok.*\n    - a.b.c\n", {"7:7 config.bad_glob"}},
      {"tables:\n  exclude: [\"a.[x\"]\n", {"5:13 config.bad_glob"}},
      {"tables:\n  include: [mysql.*]\n", {"5:13 config.system_schema"}},
      {"routes:\n  - {from: a, to: b.c}\n", {"5:19 config.bad_route"}},
      {"routes:\n  - {from: a, to: b}\n  - {from: a, to: c}\n", {"6:12 config.bad_route"}},
      {"routes:\n  - {from: a.x, to: c.y}\n  - {from: b.x, to: c.y}\n",
       {"6:21 config.route_collision"}},
      {"routes:\n  - {from: \"a.*\", to: b.c}\n", {"5:12 config.bad_route"}},
      {"routes:\n  - {from: a}\n", {"5:5 config.missing_key"}},
      {"routes:\n  - {from: a, to: MySQL}\n", {"5:19 config.system_schema"}},
      {"routes: {a: b}\n", {"4:9 config.wrong_type"}},
      {"ddl: {drop_table: aply}\n", {"4:19 config.bad_value"}},
      {"ddl: {drop_tabel: apply}\n", {"4:7 config.unknown_key"}},
      {"verify: {way: servers}\n", {"4:15 config.bad_value"}},
      {"verify: {digest: crc32}\n", {"4:18 config.bad_value"}},
      {"verify: {recheck: {times: 0}}\n", {"4:27 config.out_of_range"}},
      {"journal: ~/x\n", {"4:10 config.bad_value"}},
      {"server_id: 4294967296\n", {"4:12 config.out_of_range"}},
      {"name: again\n", {"4:1 config.duplicate_key"}},
      {"limits:\n  threads: 1\n  threads: 2\n", {"6:3 config.duplicate_key"}},
      {"limits: !!map {threads: 1}\n", {"4:9 config.yaml_tag"}},
      {"limits:\n  threads: ! 1\n", {"5:12 config.yaml_tag"}},
      {"limits: &l {threads: 1}\n", {"4:9 config.yaml_anchor"}},
      {"limits: &l {threads: 1}\nverify: *l\n",
       {"4:9 config.yaml_anchor", "5:9 config.yaml_alias"}},
      {"limits:\n  <<: {threads: 1}\n", {"5:3 config.yaml_merge"}},
      {"? [a]\n: 1\n", {"4:3 config.yaml_key"}},
      {"---\nname: two\n", {"4:1 config.yaml_documents"}},
      {"limits: {threads: 1\n", {"5:1 config.yaml_syntax"}},
      {"limits:\n\tthreads: 1\n", {"5:1 config.yaml_syntax"}},
      {"tables: {include: [\"a.\xff\"]}\n", {"4:1 config.not_utf8"}},
      {"limits:\n  threads: 0\n  memory: x\nnope: 1\n",
       {"5:12 config.out_of_range", "6:11 config.bad_value", "7:1 config.unknown_key"}},
  };
  for (const Mistake& c : cases) {
    const Loaded loaded = with_head(c.text);
    EXPECT_EQ(short_form(loaded), c.problems) << c.text;
    EXPECT_FALSE(loaded.migration.has_value()) << c.text;
  }
}

TEST(Load, each_mistake_in_a_store_is_told_with_its_place_and_code) {
  const std::vector<Mistake> cases{
      {"source: {type: mysql, host: h}\n", {"4:9 config.missing_key"}},
      {"source: {type: mysql, user: u}\n", {"4:9 config.missing_key"}},
      {"source: {host: h, user: u}\n", {"4:9 config.missing_key"}},
      {"source:\n", {"4:1 config.wrong_type"}},
      {"source: {type: msyql, host: h, user: u}\n", {"4:16 config.bad_value"}},
      {"source: {type: mysql, host: h, user: u, password: pw}\n", {"4:41 config.inline_password"}},
      {"source: {dsn: \"mysql://u:pw@h\"}\n", {"4:15 config.inline_password"}},
      {"source: {dsn: \"mysql://u@h/?password=pw\"}\n", {"4:15 config.inline_password"}},
      {"source: {dsn: \"mysql://u@h/shop\"}\n", {"4:15 config.bad_dsn"}},
      {"source: {dsn: \"postgres://u@h\"}\n", {"4:15 config.bad_dsn"}},
      {"source: {dsn: \"u@h\"}\n", {"4:15 config.bad_dsn"}},
      {"source: {dsn: \"mysql://u@h?tls=1\"}\n", {"4:15 config.bad_dsn"}},
      {"source: {dsn: \"mysql://u@h:99999\"}\n", {"4:15 config.out_of_range"}},
      {"source: {dsn: \"mysql://u@h\", host: g}\n", {"4:30 config.conflicting_keys"}},
      {"source: {dsn: \"mysql://u@h\", type: file}\n", {"4:15 config.conflicting_keys"}},
      {"source: {type: mysql, host: h, socket: /s, user: u}\n", {"4:40 config.conflicting_keys"}},
      {"source: {type: mysql, host: \"mysql://u:pw@h\", user: u}\n", {"4:29 config.bad_value"}},
      {"source: {type: mysql, host: h, port: 0, user: u}\n", {"4:38 config.out_of_range"}},
      {"source: {type: mysql, host: h, user: u, password_env: my-pass!}\n",
       {"4:55 config.bad_value"}},
      {"source: {type: mysql, host: h, user: u, password_env: A, password_file: /b}\n",
       {"4:73 config.conflicting_keys"}},
      {"source: {type: mysql, host: h, user: u, path: /x}\n", {"4:41 config.wrong_store_key"}},
      {"source: {type: mysql, host: h, user: u, new_log_every: soon}\n", {"4:56 config.bad_value"}},
      {"source: {type: mysql, host: h, user: u, compress: fast}\n", {"4:51 config.bad_value"}},
      {"source: {type: mysql, host: h, user: u, read_from: {user: r}}\n",
       {"4:52 config.missing_key"}},
      {"source: {type: mysql, host: h, user: u, read_from: replica}\n", {"4:52 config.wrong_type"}},
      {"source: {type: mysql, host: h, user: u, read_from: {host: r, new_log_every: 1 s}}\n",
       {"4:62 config.unknown_key"}},
      {"source: {type: mysql, host: h, user: u, read_from: {host: r, password: x}}\n",
       {"4:62 config.inline_password"}},
      {"source: {type: mysql, host: h, user: u, tls: {cert: /c}}\n", {"4:53 config.missing_key"}},
      {"source: {type: mysql, host: h, user: u, tls: {ca: /c, required: false}}\n",
       {"4:65 config.conflicting_keys"}},
      {"source: {type: mysql, host: h, user: u, tls: {verify: yes}}\n", {"4:55 config.bad_value"}},
      {"source: {type: mysql, host: h, user: u, tls: {cacert: /c}}\n", {"4:47 config.unknown_key"}},
      {"source: {type: file, path: /x}\n", {"2:9 config.families_differ"}},
  };
  for (const Mistake& c : cases) {
    const Loaded loaded =
        parse_text("name: shop\ntarget: {dsn: \"mysql://u@new\"}\n\n" + std::string(c.text));
    EXPECT_EQ(short_form(loaded), c.problems) << c.text;
    for (const Problem& problem : loaded.problems) {
      EXPECT_EQ(problem.text().find("pw"), std::string::npos) << problem.text();
      EXPECT_EQ(problem.text().find("my-pass"), std::string::npos) << problem.text();
    }
  }
}

TEST(Load, mistakes_of_file_stores) {
  auto problems = [](std::string_view text) {
    return short_form(parse_text("name: f\n" + std::string(text)));
  };
  EXPECT_EQ(problems("source: {type: file, path: /a}\ntarget: {type: file, path: /a/b}\n"),
            List{"3:9 config.same_store"});
  EXPECT_EQ(problems("source: {type: file, path: /a}\ntarget: {type: file, path: /ab}\n"), List{});
  EXPECT_EQ(problems("source: {type: file}\ntarget: {type: file, path: /b}\n"),
            List{"2:9 config.missing_key"});
  EXPECT_EQ(problems("source: {type: file, path: /a, deletes: keep}\n"
                     "target: {type: file, path: /b}\n"),
            List{"2:32 config.wrong_store_key"});
  EXPECT_EQ(problems("source: {type: file, path: /a}\n"
                     "target: {type: file, path: /b, max_deletes: 3}\n"),
            List{"3:32 config.conflicting_keys"});
  EXPECT_EQ(problems("source: {type: file, path: /a}\ntarget: {type: file, path: /b}\n"
                     "tables: {include: [\"a.b\"]}\n"),
            List{"4:1 config.wrong_store_key"});
}

TEST(Load, names_that_would_leave_the_state_folder_are_refused) {
  for (const std::string_view name : {"../x", "a/b", "-x", ".x", "a b", "'a%i'"}) {
    const Loaded loaded = parse_text(
        fmt::format("source: {{dsn: \"mysql://u@a\"}}\ntarget: {{dsn: \"mysql://u@b\"}}\n"
                    "name: {}\n",
                    name));
    EXPECT_EQ(short_form(loaded), List{"3:7 config.bad_value"}) << name;
  }
}

TEST(Load, a_missing_key_is_told_at_its_section) {
  EXPECT_EQ(short_form(parse_text("limits: {threads: 1}\n")),
            (List{"1:1 config.missing_key", "1:1 config.missing_key", "1:1 config.missing_key"}));
  EXPECT_EQ(short_form(parse_text("")), List{"0:0 config.empty"});
  EXPECT_EQ(short_form(parse_text("- a\n")), List{"1:1 config.wrong_type"});
}

TEST(Load, suggestions_name_the_nearest_key_or_all_known) {
  EXPECT_EQ(with_head("tables: {incldue: [\"a.*\"]}\n").problems.at(0).text(),
            "/etc/w.yaml:4:10: unknown key 'incldue' in tables; did you mean 'include'? "
            "[config.unknown_key]");
  EXPECT_EQ(with_head("tables: {pattern: 1}\n").problems.at(0).hint, "known: include, exclude");
  EXPECT_EQ(with_head("ddl: {view: aply}\n").problems.at(0).hint, "did you mean 'apply'?");
  EXPECT_EQ(with_head("limits: {threads: 99}\n").problems.at(0).text(),
            "/etc/w.yaml:4:19: limits.threads: 99 is out of range; expected a whole number from 1 "
            "to 64 [config.out_of_range]");
}

TEST(Load, sections_with_every_key_commented_out_are_absent) {
  EXPECT_EQ(short_form(with_head("limits:\nroutes:\nddl:\nverify:\ntables:\n")), List{});
}

TEST(Load, journal_follows_environment_and_user) {
  auto journal = [](const Surroundings& around) {
    return parse(rows_head, "/etc/w.yaml", around).migration.value().journal.string();
  };
  EXPECT_EQ(journal({"/state", "/x", "/home/me", true}), "/state/shop");
  EXPECT_EQ(journal({"", "/x", "/root", true}), "/var/lib/wherry/shop");
  EXPECT_EQ(journal({"", "/x", "/home/me", false}), "/x/wherry/shop");
  EXPECT_EQ(short_form(parse(rows_head, "/etc/w.yaml", {"", "", "", false})),
            List{"0:0 config.missing_key"});
}

TEST(Load, a_missing_file_is_a_problem_of_the_whole_file) {
  const Loaded loaded = read("/nonexistent/w.yaml", home);
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_EQ(loaded.problems[0].text(),
            "/nonexistent/w.yaml: cannot be read: No such file or directory; name the file with "
            "--config, or write one with `wherry init` [config.file]");
  EXPECT_EQ(read("/etc", home).problems.at(0).code, "config.file");
}

TEST(Load, load_throws_the_first_problem_and_counts_the_rest) {
  const std::filesystem::path file =
      std::filesystem::path(testing::TempDir()) / "wherry_load_test.yaml";
  std::ofstream(file) << rows_head << "nope: 1\nlimits: {threads: 0}\n";
  try {
    static_cast<void>(load(file));
    FAIL() << "nothing thrown";
  } catch (const base::Error& e) {
    EXPECT_EQ(e.kind(), base::ErrorKind::rejected);
    EXPECT_EQ(e.code(), "config.unknown_key");
    EXPECT_NE(e.message().find(":4:1: unknown key 'nope'"), std::string::npos) << e.message();
    EXPECT_EQ(e.context(), "and 1 more problem in the file");
  }
  std::filesystem::remove(file);
}

// Puts the settings in force that the template shows commented out.
std::string uncommented(const std::string& text) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = text.find('\n', at);
    std::string line = text.substr(at, end - at);
    const std::size_t mark = line.find_first_not_of(' ');
    if (mark != std::string::npos && line[mark] == '#' && mark + 1 < line.size() &&
        line[mark + 1] != ' ') {
      line.erase(mark, 1);
      if (line.starts_with("- ")) line.insert(0, "  ");
    }
    out += line + "\n";
    at = end + 1;
  }
  return out;
}

TEST(Template, is_a_config_as_it_stands) {
  for (const std::string_view kind : {"mysql", "file"}) {
    const Loaded loaded = parse_text(template_text(kind, "shop"));
    EXPECT_EQ(short_form(loaded), List{}) << kind;
    ASSERT_TRUE(loaded.migration.has_value());
    EXPECT_EQ(kind_name(loaded.migration->source), kind);
  }
}

TEST(Template, every_commented_setting_is_a_known_one) {
  for (const std::string_view kind : {"mysql", "file"}) {
    const Loaded loaded = parse_text(uncommented(template_text(kind, "shop")));
    for (const Problem& problem : loaded.problems) {
      // socket and dsn stand beside host, password_file beside password_env, to show the choice.
      EXPECT_EQ(problem.code, "config.conflicting_keys") << problem.text();
    }
  }
}

TEST(Template, shows_defaults_as_they_are) {
  const std::string text = template_text("mysql", "shop");
  std::string defaults;
  bool in_ddl = false;
  std::size_t at = 0;
  const DdlPolicy policy;
  while (at < text.size()) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line == "#ddl:") in_ddl = true;
    if (line.empty()) in_ddl = false;
    if (in_ddl) defaults += line + "\n";
  }
  for (std::size_t i = 0; i < ddl_kinds; ++i) {
    const auto kind = static_cast<DdlKind>(i);
    const std::string line =
        fmt::format("  #{}: {}\n", to_string(kind), to_string(policy.action(kind)));
    EXPECT_NE(defaults.find(line), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace wherry::config
