#pragma once
// What passes between a client and the local server: a request and its answer, both small. Values.

#include <functional>
#include <string>

namespace wherry::control {

struct Request {
  std::string method = "GET";
  std::string path = "/";
  std::string body;
};

struct Response {
  int status = 200;
  std::string body;  // JSON
};

// Called on the server's thread, one request at a time, so it must be quick. What it throws is
// answered as an error document (see error_document.h).
using Handler = std::function<Response(const Request&)>;

}  // namespace wherry::control
