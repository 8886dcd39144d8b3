// wherry_load: writes to a server until killed or for some seconds; prints its counts as JSON.
#include <chrono>
#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>
#include <signal.h>

#include "tests/support/load/writers.h"

namespace {

volatile sig_atomic_t stop_asked = 0;
void on_signal(int) { stop_asked = 1; }

}  // namespace

int main(int argc, char** argv) {
  using namespace wherry::tests;
  CLI::App app{
      "Writes to a server until SIGTERM/SIGINT or for --seconds, then prints counts as one line of "
      "JSON. Prints `writing` to stderr once the tables are there."};
  WriterOptions options;
  std::vector<std::string> tables;
  std::string simple;
  std::uint64_t rows = 10'000;
  double seconds = 0;
  bool setup_only = false;
  app.add_option("--socket", options.endpoint.socket);
  app.add_option("--host", options.endpoint.host);
  app.add_option("--port", options.endpoint.port);
  app.add_option("--user", options.endpoint.user);
  app.add_option("--password", options.endpoint.password)->envname("WHERRY_LOAD_PASSWORD");
  app.add_option("--seed", options.seed);
  app.add_option("--threads", options.threads)->check(CLI::Range(1, 256));
  app.add_option("--rate", options.rate, "transactions a second in all; 0: no limit");
  app.add_option("--tables", tables, "of the shop, comma-separated; default: all")->delimiter(',');
  app.add_option("--simple", simple, "one table DB.TABLE instead of the shop; made when missing");
  app.add_option("--rows", rows, "of a --simple table that is made");
  app.add_option("--seconds", seconds, "0: until a signal");
  app.add_flag("--setup-only", setup_only, "make the --simple table and end");
  CLI11_PARSE(app, argc, argv);
  if (!simple.empty() && simple.find('.') == std::string::npos) {
    std::fprintf(stderr, "wherry_load: --simple needs DB.TABLE\n");
    return 2;
  }
  signal(SIGTERM, on_signal);
  signal(SIGINT, on_signal);
  signal(SIGPIPE, SIG_IGN);
  try {
    if (!simple.empty()) {
      Connection connection(options.endpoint);
      create_simple_table(connection, simple, rows, options.seed);
    }
    if (setup_only) return 0;
    const auto start = std::chrono::steady_clock::now();
    const auto elapsed = [&] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    Writers writers(options, simple.empty() ? shop_writes(tables) : simple_writes(simple));
    std::fprintf(stderr, "writing\n");
    while (stop_asked == 0 && (seconds <= 0 || elapsed() < seconds)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    writers.join();
    std::printf("%s\n", to_json(writers.counts(), elapsed()).c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "wherry_load: %s\n", error.what());
    return 1;
  }
  return 0;
}
