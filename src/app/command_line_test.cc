#include "app/command_line.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "app/completion_script.h"
#include "app/man_page.h"
#include "app/output.h"
#include "app/version.h"

namespace wherry::app {
namespace {

struct Outcome {
  ExitCode code = ExitCode::ok;
  std::string out;
  std::string err;
};

Outcome run(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  Context context(out, err);
  const ExitCode code = run_command_line(arguments, context);
  return {code, out.str(), err.str()};
}

nlohmann::json run_json(const std::vector<std::string>& arguments, ExitCode expected) {
  const Outcome outcome = run(arguments);
  EXPECT_EQ(outcome.code, expected) << outcome.out << outcome.err;
  EXPECT_EQ(outcome.err, "");
  return nlohmann::json::parse(outcome.out);
}

class InFolder : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "wherry_app_XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string file(const std::string& name) const { return (folder_ / name).string(); }
  std::filesystem::path folder_;
};

TEST(CommandLine, every_command_has_help_with_example_exit_codes_and_json) {
  std::ostringstream sink;
  Context context(sink, sink);
  const auto tree = make_command_tree(context);
  ASSERT_GE(context.commands.size(), 4U);
  for (const CommandText& command : context.commands) {
    const Outcome outcome = run({command.name, "--help"});
    EXPECT_EQ(outcome.code, ExitCode::ok);
    EXPECT_NE(outcome.out.find("Example"), std::string::npos) << command.name;
    EXPECT_NE(outcome.out.find("wherry " + command.name), std::string::npos) << command.name;
    EXPECT_NE(outcome.out.find("Exit codes:\n  0 "), std::string::npos) << command.name;
    EXPECT_NE(outcome.out.find("--json"), std::string::npos) << command.name;
  }
}

TEST(CommandLine, no_command_shows_help_and_is_wrong_usage) {
  const Outcome outcome = run({});
  EXPECT_EQ(outcome.code, ExitCode::usage);
  EXPECT_NE(outcome.err.find("init"), std::string::npos);
  EXPECT_EQ(outcome.out, "");
}

TEST(CommandLine, misspelt_words_get_a_suggestion) {
  EXPECT_EQ(run({"verson"}).err, "wherry: unknown command 'verson'; did you mean 'version'?\n");
  EXPECT_EQ(run({"version", "--jsno"}).err,
            "wherry: unknown option '--jsno'; did you mean '--json'?\n");
  EXPECT_EQ(run({"version", "twice"}).err,
            "wherry: unexpected 'twice'; see wherry version --help\n");
  EXPECT_EQ(run({"verson"}).code, ExitCode::usage);
}

TEST(CommandLine, wrong_usage_is_a_document_with_json) {
  const nlohmann::json j = run_json({"version", "--json", "--nope"}, ExitCode::usage);
  EXPECT_EQ(j["schema"], 1);
  EXPECT_EQ(j["kind"], "error");
  EXPECT_EQ(j["code"], "usage");
  EXPECT_EQ(run_json({"completion", "fish", "--json"}, ExitCode::usage)["kind"], "error");
  EXPECT_EQ(run_json({"--json"}, ExitCode::usage)["kind"], "error");
}

TEST(CommandLine, version_in_three_ways) {
  EXPECT_EQ(run({"version"}).out, version_line() + "\n");
  EXPECT_EQ(run({"--version"}).out, version_line() + "\n");
  EXPECT_EQ(run_json({"version", "--json"}, ExitCode::ok)["version"], std::string(version()));
}

TEST_F(InFolder, init_writes_a_config_that_loads_and_overwrites_only_when_told) {
  const std::string path = file("w.yaml");
  EXPECT_EQ(run({"init", "crm", "--config", path}).code, ExitCode::ok);
  EXPECT_EQ(config::load(path).name, "crm");
  const Outcome again = run({"init", "crm2", "--config", path});
  EXPECT_EQ(again.code, ExitCode::error);
  EXPECT_NE(again.err.find("[init.exists]"), std::string::npos) << again.err;
  EXPECT_EQ(config::load(path).name, "crm");
  EXPECT_EQ(run({"init", "x", "--type", "file", "--force", "-c", path}).code, ExitCode::ok);
  EXPECT_EQ(config::load(path).name, "x");
}

TEST_F(InFolder, init_refuses_a_name_that_does_not_fit) {
  const nlohmann::json j =
      run_json({"init", "a/b", "-c", file("w.yaml"), "--json"}, ExitCode::usage);
  EXPECT_EQ(j["code"], "config.bad_value");
  EXPECT_FALSE(std::filesystem::exists(file("w.yaml")));
}

TEST_F(InFolder, init_says_why_a_file_cannot_be_written) {
  const nlohmann::json j =
      run_json({"init", "-c", file("no/such/folder.yaml"), "--json"}, ExitCode::error);
  EXPECT_EQ(j["code"], "init.unwritten");
  EXPECT_NE(j["message"].get<std::string>().find("No such file"), std::string::npos);
}

TEST_F(InFolder, mistakes_of_a_config_are_all_told) {
  std::ofstream(file("w.yaml")) << "name: a\nsorce: 1\n";
  std::ostringstream out;
  std::ostringstream err;
  Context context(out, err);
  context.config = file("w.yaml");
  EXPECT_FALSE(load_config(context).has_value());
  EXPECT_NE(err.str().find("w.yaml:2:1: unknown key 'sorce'; did you mean 'source'?"),
            std::string::npos)
      << err.str();
  context.json = true;
  EXPECT_FALSE(load_config(context).has_value());
  const auto j = nlohmann::json::parse(out.str());
  EXPECT_EQ(j["problems"].size(), 3U);
  EXPECT_EQ(j["problems"][2]["line"], 2);
}

TEST(ExitCodes, errors_end_with_the_code_of_their_kind) {
  using base::Error;
  using base::ErrorKind;
  EXPECT_EQ(exit_code_of(Error(ErrorKind::rejected, "config.x", "m")), ExitCode::usage);
  EXPECT_EQ(exit_code_of(Error(ErrorKind::rejected, "mysql.auth", "m")), ExitCode::error);
  EXPECT_EQ(exit_code_of(Error(ErrorKind::fenced, "x", "m")), ExitCode::taken);
  EXPECT_EQ(exit_code_of(Error(ErrorKind::rejected, "journal.held", "m")), ExitCode::taken);
  EXPECT_EQ(exit_code_of(Error(ErrorKind::rejected, "lease.held", "m")), ExitCode::taken);
  EXPECT_EQ(exit_code_of(Error(ErrorKind::rejected, "assess.blocked", "m")), ExitCode::blocked);
  EXPECT_EQ(exit_code_of(Error(ErrorKind::cancelled, "x", "m")), ExitCode::stopped);
}

TEST(ExitCodes, the_page_in_docs_is_this_table) {
  std::ifstream file(WHERRY_DOCS "/exit-codes.md");
  const std::string page((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_EQ(page, exit_codes_page());
}

TEST(Output, findings_are_shown_gravest_first) {
  const auto lines = finding_lines(
      {{model::Severity::note, "a", "s", "w", ""},
       {model::Severity::blocker, "source.binlog_off", "source", "no log", "turn it on"}},
      false);
  EXPECT_EQ(lines, (std::vector<std::string>{"blocker  source: no log [source.binlog_off]",
                                             "         turn it on", "note     s: w [a]"}));
}

// What bash offers for a command line whose last word is being typed.
std::string bash_offers(const std::string& script, const std::vector<std::string>& words) {
  const std::string path = testing::TempDir() + "wherry_completion_test.bash";
  {
    std::ofstream file(path);
    file << script << "\nCOMP_WORDS=(";
    for (const std::string& word : words) file << "'" << word << "' ";
    file << fmt::format(")\nCOMP_CWORD={}\n_wherry\nIFS=' '; echo \"${{COMPREPLY[*]}}\"\n",
                        words.size() - 1);
  }
  std::string offers;
  FILE* bash = ::popen(("bash " + path + " 2>&1").c_str(), "r");
  for (int c = std::fgetc(bash); c != EOF; c = std::fgetc(bash)) offers += static_cast<char>(c);
  ::pclose(bash);
  std::filesystem::remove(path);
  return offers;
}

TEST(Completion, bash_offers_commands_options_and_values) {
  std::ostringstream sink;
  Context context(sink, sink);
  const auto tree = make_command_tree(context);
  const std::string script = bash_completion(*tree);
  EXPECT_EQ(bash_offers(script, {"wherry", "ver"}), "verify version\n");
  EXPECT_EQ(bash_offers(script, {"wherry", "init", "--ty"}), "--type\n");
  EXPECT_EQ(bash_offers(script, {"wherry", "init", "--type", ""}), "mysql file\n");
  EXPECT_EQ(bash_offers(script, {"wherry", "completion", "z"}), "zsh\n");
}

TEST(Completion, zsh_names_every_command) {
  std::ostringstream sink;
  Context context(sink, sink);
  const auto tree = make_command_tree(context);
  const std::string script = zsh_completion(*tree);
  EXPECT_TRUE(script.starts_with("#compdef wherry\n"));
  for (const CommandText& command : context.commands) {
    EXPECT_NE(script.find("    " + command.name + ")\n      _arguments"), std::string::npos);
  }
  EXPECT_NE(script.find("'--type[What is moved]:value:(mysql file)'"), std::string::npos) << script;
}

TEST(ManPage, has_every_command_option_and_exit_code) {
  std::ostringstream sink;
  Context context(sink, sink);
  const auto tree = make_command_tree(context);
  const std::string page = man_page(*tree, context.commands);
  for (const CommandText& command : context.commands) {
    std::string name = command.name;  // a hyphen is written \- in roff
    if (const auto hyphen = name.find('-'); hyphen != std::string::npos) name.insert(hyphen, "\\");
    EXPECT_NE(page.find(".SS wherry " + name + "\n"), std::string::npos);
  }
  EXPECT_NE(page.find("\\fB\\-c, \\-\\-config\\fR \\fIFILE\\fR\n"), std::string::npos) << page;
  EXPECT_NE(page.find(".B 130\n"), std::string::npos);
}

}  // namespace
}  // namespace wherry::app
