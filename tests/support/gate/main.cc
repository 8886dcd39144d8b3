// wherry_gate: a TCP gate steered by lines on stdin.
#include <cstdio>
#include <exception>
#include <iostream>
#include <sstream>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "tests/support/gate/gate.h"

int main(int argc, char** argv) {
  using namespace wherry::tests;
  CLI::App app{
      "Listens on 127.0.0.1 and forwards to a server. Prints `listening PORT`, then obeys lines on "
      "stdin:\n  delay MS | limit BYTES_PER_SECOND | stall | flow | cut | cut-after to|from BYTES "
      "|\n"
      "  refuse | accept | passed | quit\n`to` is towards the server, `from` back to the client. "
      "Each line is answered by `ok`."};
  std::string target;
  unsigned port = 0;
  app.add_option("--to", target, "HOST:PORT or the path of a unix socket")->required();
  app.add_option("--listen", port, "0: a free port");
  CLI11_PARSE(app, argc, argv);
  try {
    Gate gate(target, port);
    std::cout << "listening " << gate.port() << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
      std::istringstream words(line);
      std::string command, direction;
      std::uint64_t number = 0;
      words >> command;
      if (command == "cut-after") words >> direction;
      words >> number;
      if (command == "delay") {
        gate.delay(std::chrono::milliseconds(number));
      } else if (command == "limit") {
        gate.limit(number);
      } else if (command == "stall" || command == "flow") {
        gate.stall(command == "stall");
      } else if (command == "cut") {
        gate.cut();
      } else if (command == "cut-after" && (direction == "to" || direction == "from")) {
        gate.cut_after(direction == "to" ? Direction::to_server : Direction::to_client, number);
      } else if (command == "refuse" || command == "accept") {
        gate.refuse(command == "refuse");
      } else if (command == "passed") {
        std::cout << "passed " << gate.passed(Direction::to_server) << " "
                  << gate.passed(Direction::to_client) << " connections " << gate.accepted()
                  << "\n";
      } else if (command == "quit") {
        return 0;
      } else {
        std::cout << "unknown command: " << line << std::endl;
        continue;
      }
      std::cout << "ok" << std::endl;
    }
    // Stdin at its end (started in the background): go on until killed.
    for (;;) pause();
  } catch (const std::exception& error) {
    std::cerr << "wherry_gate: " << error.what() << "\n";
    return 1;
  }
}
