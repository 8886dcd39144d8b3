#include "tests/scenario/rows_scene.h"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace wherry::tests {

using namespace std::chrono_literals;

bool is_soak() { return std::getenv("WHERRY_SOAK") != nullptr; }

int sized(int usual, int in_soak) { return is_soak() ? in_soak : usual; }

namespace {

std::vector<std::string> load_command(const Server& server,
                                      const std::vector<std::string>& options) {
  std::vector<std::string> command{WHERRY_LOAD, "--socket", server.socket(), "--user", "root"};
  command.insert(command.end(), options.begin(), options.end());
  return command;
}

}  // namespace

Load::Load(const Server& server, const std::vector<std::string>& options)
    : directory_("load"), program_(load_command(server, options), directory_.path() / "load.log") {
  wait_until("the load to write", 60s, [&] {
    if (!program_.running()) throw std::runtime_error("the load ended: " + program_.output());
    return program_.output().find("writing") != std::string::npos;
  });
}

nlohmann::json Load::finish() {
  program_.send(SIGTERM);
  if (program_.wait(30s) != 0) throw std::runtime_error("the load failed: " + program_.output());
  const std::string output = program_.output();
  return nlohmann::json::parse(output.substr(output.find('{')));
}

void wait_until(const std::string& what, std::chrono::seconds limit,
                const std::function<bool()>& true_now) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!true_now()) {
    if (std::chrono::steady_clock::now() > end) {
      throw std::runtime_error("waited in vain for " + what);
    }
    std::this_thread::sleep_for(20ms);
  }
}

RunResult answer(const Wherry& wherry, std::vector<std::string> words) {
  words.insert(words.begin(), {"sh", "-c", "errors=$1; shift; exec \"$@\" 2>>\"$errors\"", "sh",
                               (wherry.directory() / "stderr.log").string(), WHERRY_BINARY});
  words.insert(words.end(), {"--config", wherry.config().string()});
  return run(words);
}

std::string said_besides(const Wherry& wherry) {
  std::ifstream in(wherry.directory() / "stderr.log");
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

namespace {

nlohmann::json document_in(const RunResult& said) {
  auto document = nlohmann::json::parse(said.output, nullptr, false);
  if (!document.is_object() || document.value("schema", 0) != 1 || !document.contains("kind")) {
    throw std::runtime_error("not a document of schema 1: " + said.output);
  }
  return document;
}

}  // namespace

nlohmann::json ask(const Wherry& wherry, std::vector<std::string> words, int expected_exit) {
  const std::string command = words.front();
  words.emplace_back("--json");
  const RunResult said = answer(wherry, std::move(words));
  if (said.exit_code != expected_exit) {
    throw std::runtime_error(command + " ended with " + std::to_string(said.exit_code) +
                             " instead of " + std::to_string(expected_exit) + ": " + said.output +
                             said_besides(wherry));
  }
  return document_in(said);
}

nlohmann::json status(const Wherry& wherry) {
  const RunResult said = answer(wherry, {"status", "--json"});
  return said.exit_code == 0 ? document_in(said) : nlohmann::json();
}

nlohmann::json table_in(const nlohmann::json& status, const std::string& name) {
  if (!status.is_object()) return {};
  for (const auto& table : status.at("tables")) {
    if (table.at("name") == name) return table;
  }
  return {};
}

Connection as_app(const Server& server, const std::string& database) {
  Endpoint endpoint;
  endpoint.port = server.port();
  endpoint.user = "app";
  endpoint.password = "app";
  endpoint.database = database;
  return Connection(endpoint);
}

void run_until_proved(Wherry& wherry, std::chrono::seconds limit) {
  constexpr int looks = 10;  // that have to agree: what is being mended is no difference any more
  wherry.start({"--until", "proved"});
  const auto end = std::chrono::steady_clock::now() + limit;
  nlohmann::json seen;
  std::optional<int> code;
  int with_differences = 0;
  while (!(code = wherry.wait(1s)) && with_differences < looks &&
         std::chrono::steady_clock::now() < end) {
    seen = status(wherry);
    const bool differs = seen.is_object() && seen["proof"]["differences"] != 0;
    with_differences = differs ? with_differences + 1 : 0;
  }
  if (code == 0) return;
  const std::string why = code ? "run --until proved ended with " + std::to_string(*code)
                          : with_differences == looks ? "it is not equal, and stays so"
                                                      : "not proved in time";
  if (code) seen = status(wherry);
  throw std::runtime_error(why + "\n" + wherry.output() + seen.dump(1));
}

}  // namespace wherry::tests
