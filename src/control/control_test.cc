#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/code_of.h"
#include "base/error.h"
#include "control/client.h"
#include "control/server.h"

namespace wherry::control {
namespace {

using base::code_of;
using base::Error;
using base::ErrorKind;

Response echo(const Request& request) {
  return {200,
          nlohmann::json{{"method", request.method}, {"path", request.path}, {"body", request.body}}
              .dump()};
}

class Control : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = "/tmp/wherry_control_XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    socket_ = folder_ / "state" / "wherry.sock";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // A connection that says nothing unless told to.
  int connect_raw() const {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket_.c_str(), socket_.native().size());
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }

  std::filesystem::path folder_;
  std::filesystem::path socket_;
};

TEST_F(Control, a_request_reaches_the_handler_and_its_answer_comes_back) {
  const Server server(socket_, echo);
  const auto answer = call_json(socket_, {"POST", "/v1/pause?x=1", std::string(100'000, 'b')});
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ((*answer)["method"], "POST");
  EXPECT_EQ((*answer)["path"], "/v1/pause?x=1");
  EXPECT_EQ((*answer)["body"].get<std::string>().size(), 100'000U);
}

TEST_F(Control, large_answers_come_whole) {
  const Server server(socket_, [](const Request&) {
    return Response{200, std::string(20U << 20U, '1')};
  });
  EXPECT_EQ(call(socket_, {}).value().body.size(), 20U << 20U);
}

TEST_F(Control, without_a_server_there_is_no_answer) {
  EXPECT_FALSE(call(socket_, {}).has_value());
  { const Server server(socket_, echo); }
  EXPECT_FALSE(call(socket_, {}).has_value());
  EXPECT_FALSE(std::filesystem::exists(socket_));
}

TEST_F(Control, only_the_owner_may_use_the_socket) {
  const ::mode_t before = ::umask(0);
  {
    const Server server(socket_, echo);
    struct stat info {};
    ASSERT_EQ(::lstat(socket_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
    ASSERT_EQ(::lstat(socket_.parent_path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0700U);
  }
  ::umask(before);
}

TEST_F(Control, a_socket_left_by_a_crash_is_taken_over) {
  std::filesystem::create_directories(socket_.parent_path());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.c_str(), socket_.native().size());
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(fd);
  EXPECT_FALSE(call(socket_, {}).has_value());
  const Server server(socket_, echo);
  EXPECT_TRUE(call(socket_, {}).has_value());
}

TEST_F(Control, a_second_server_is_refused_and_the_first_stays) {
  const Server server(socket_, echo);
  EXPECT_EQ(code_of([&] { const Server second(socket_, echo); }), "control.in_use");
  EXPECT_TRUE(call(socket_, {}).has_value());
}

TEST_F(Control, a_file_in_the_way_is_kept) {
  std::filesystem::create_directories(socket_.parent_path());
  std::ofstream(socket_) << "precious";
  EXPECT_EQ(code_of([&] { const Server server(socket_, echo); }), "control.not_a_socket");
  EXPECT_EQ(std::filesystem::file_size(socket_), 8U);
}

TEST_F(Control, a_path_that_is_too_long_is_told) {
  const std::filesystem::path deep = folder_ / std::string(100, 'x') / "wherry.sock";
  EXPECT_EQ(code_of([&] { const Server server(deep, echo); }), "control.path_too_long");
  EXPECT_EQ(code_of([&] { static_cast<void>(call(deep, {})); }), "control.path_too_long");
}

TEST_F(Control, what_the_handler_throws_is_thrown_at_the_client) {
  const Server server(socket_, [](const Request& request) -> Response {
    if (request.path == "/bug") throw std::logic_error("oops");
    throw Error(ErrorKind::rejected, "repair.not_following", "not now", "shop");
  });
  try {
    static_cast<void>(call_json(socket_, {}));
    FAIL() << "nothing thrown";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::rejected);
    EXPECT_EQ(e.code(), "repair.not_following");
    EXPECT_EQ(e.message(), "not now");
    EXPECT_EQ(e.context(), "shop");
  }
  EXPECT_EQ(call(socket_, {}).value().status, 409);
  EXPECT_EQ(code_of([&] {
              static_cast<void>(call_json(socket_, {"GET", "/bug", ""}));
            }),
            "internal");
  EXPECT_EQ(call(socket_, {}).value().status, 409);
}

TEST_F(Control, an_answer_that_is_no_json_is_told) {
  const Server server(socket_, [](const Request&) { return Response{200, "<html>"}; });
  EXPECT_EQ(code_of([&] { static_cast<void>(call_json(socket_, {})); }), "control.answer");
}

TEST_F(Control, a_client_that_stalls_delays_nobody_and_not_the_end) {
  const auto start = std::chrono::steady_clock::now();
  {
    const Server server(socket_, echo);
    const int silent = connect_raw();
    const int halfway = connect_raw();
    ASSERT_EQ(::write(halfway, "GET / HT", 8), 8);
    EXPECT_TRUE(call(socket_, {}).has_value());
    ::close(silent);
    EXPECT_TRUE(call(socket_, {}).has_value());
    ::close(halfway);
    static_cast<void>(connect_raw());
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST_F(Control, what_is_no_http_is_dropped_and_a_body_too_large_refused) {
  const Server server(socket_, echo);
  const int fd = connect_raw();
  ASSERT_EQ(::write(fd, "\x16\x03\x01 nonsense\r\n\r\n", 16), 16);
  char c = 0;
  EXPECT_LE(::read(fd, &c, 1), 0);
  ::close(fd);
  EXPECT_NE(code_of([&] {
              static_cast<void>(call_json(socket_, {"POST", "/", std::string(3U << 20U, 'x')}));
            }),
            "no error");
  EXPECT_TRUE(call(socket_, {}).has_value());
}

TEST_F(Control, a_server_that_does_not_answer_is_a_timeout) {
  const Server server(socket_, [](const Request&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    return Response{200, "{}"};
  });
  EXPECT_EQ(code_of([&] { static_cast<void>(call(socket_, {}, std::chrono::milliseconds(50))); }),
            "control.timeout");
}

TEST_F(Control, many_clients_at_once_are_all_answered) {
  const Server server(socket_, echo);
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 16; ++i) {
      clients.emplace_back([&, i] {
        const auto answer = call_json(socket_, {"GET", "/" + std::to_string(i), ""});
        if (answer && (*answer)["path"] == "/" + std::to_string(i)) ++answered;
      });
    }
  }
  EXPECT_EQ(answered, 16);
}

}  // namespace
}  // namespace wherry::control
