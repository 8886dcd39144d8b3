#include "app/logs.h"

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/spdlog.h>

namespace wherry::app {

namespace {

constexpr const char* pattern = "%Y-%m-%dT%H:%M:%S.%eZ %l %v";

// Takes the place of standard error's sink while a view is drawn there.
class LineSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  LineSink(std::function<void(std::string_view)> line, spdlog::sink_ptr instead_of)
      : line_(std::move(line)), instead_of_(std::move(instead_of)) {}
  const spdlog::sink_ptr& instead_of() const { return instead_of_; }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    std::string_view line(text.data(), text.size());
    while (!line.empty() && line.back() == '\n') line.remove_suffix(1);
    line_(line);
  }
  void flush_() override {}

  std::function<void(std::string_view)> line_;
  spdlog::sink_ptr instead_of_;
};

// A logger's sinks are not to be changed while it is used: a new logger takes its place.
void use_sinks(std::vector<spdlog::sink_ptr> sinks) {
  const auto old = spdlog::default_logger();
  auto logger = std::make_shared<spdlog::logger>(old->name(), sinks.begin(), sinks.end());
  logger->set_level(old->level());
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace

void log_to_file(const std::filesystem::path& file) {
  constexpr std::size_t most_bytes = 10U << 20U;
  constexpr std::size_t older_files = 3;
  auto sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(file.string(), most_bytes,
                                                                     older_files);
  std::filesystem::permissions(
      file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  sink->set_formatter(
      std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
  auto sinks = spdlog::default_logger()->sinks();
  sinks.push_back(std::move(sink));
  use_sinks(std::move(sinks));
}

void log_lines_above(const std::function<void(std::string_view)>& line) {
  auto sinks = spdlog::default_logger()->sinks();
  for (auto& sink : sinks) {
    if (line != nullptr) {
      if (!std::dynamic_pointer_cast<spdlog::sinks::ansicolor_stderr_sink_mt>(sink)) continue;
      auto above = std::make_shared<LineSink>(line, sink);
      above->set_formatter(
          std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
      sink = std::move(above);
    } else if (const auto above = std::dynamic_pointer_cast<LineSink>(sink)) {
      sink = above->instead_of();
    }
  }
  use_sinks(std::move(sinks));
}

}  // namespace wherry::app
