#pragma once
// A switch as lines for people: what must hold, each step, and the certificate. Pure functions over
// the documents that the running process answers.

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace wherry::app {

std::vector<std::string> check_lines(const nlohmann::json& checks);
std::string step_line(const nlohmann::json& step);
std::vector<std::string> certificate_lines(const nlohmann::json& certificate);

}  // namespace wherry::app
