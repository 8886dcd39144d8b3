// A server with certificates of its own: who verifies gets in by the right authority and the right
// name, and by no other.

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "stores/mysql/connection.h"
#include "tests/support/program.h"
#include "tests/support/server.h"

namespace wherry::stores::mysql {
namespace {

class MysqlTls : public testing::Test {
 protected:
  // An authority, and a certificate that it signed for the server at `name`.
  void make_certificates(const std::string& authority, const std::string& server,
                         const std::string& name) const {
    const std::string script =
        "cd '" + files_.path().string() +
        "' && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=" + authority +
        "' -keyout " + authority + ".key -out " + authority +
        ".pem 2>/dev/null && openssl req -newkey rsa:2048 -nodes -subj '/CN=" + server +
        "' -keyout " + server + ".key -out " + server +
        ".csr 2>/dev/null && echo 'subjectAltName=" + name + "' > san && openssl x509 -req -in " +
        server + ".csr -CA " + authority + ".pem -CAkey " + authority +
        ".key -CAcreateserial -days 2 -extfile san -out " + server + ".pem 2>/dev/null";
    ASSERT_EQ(std::system(script.c_str()), 0) << script;
  }
  std::string file(const std::string& name) const { return (files_.path() / name).string(); }

  tests::Server start(const std::string& certificate) const {
    tests::ServerOptions options;
    options.extra = {"--ssl-ca=" + file("ours.pem"), "--ssl-cert=" + file(certificate + ".pem"),
                     "--ssl-key=" + file(certificate + ".key")};
    auto server = tests::Server::start_mariadb(options);
    server.exec_sql(
        "CREATE USER IF NOT EXISTS 'mover'@'127.0.0.1' IDENTIFIED BY 'secret' REQUIRE SSL");
    return server;
  }
  Endpoint endpoint(const tests::Server& server, const std::string& ca) const {
    Endpoint e;
    e.port = static_cast<std::uint16_t>(server.port());
    e.user = "mover";
    e.password = [] { return std::string("secret"); };
    e.tls.ca = file(ca);
    return e;
  }

  tests::TemporaryDirectory files_{"tls"};
};

TEST_F(MysqlTls, the_right_authority_and_name_are_let_in_and_others_refused) {
  make_certificates("ours", "server", "IP:127.0.0.1");
  make_certificates("theirs", "unused", "IP:127.0.0.1");
  const auto server = start("server");

  Connection connection(endpoint(server, "ours.pem"));
  const Result cipher = connection.query("SHOW STATUS LIKE 'Ssl_cipher'");
  EXPECT_FALSE(cipher.text(0, std::size_t{1}).empty());

  EXPECT_THROW(Connection(endpoint(server, "theirs.pem")), base::Error);
  Endpoint unverified = endpoint(server, "theirs.pem");
  unverified.tls.ca.clear();
  unverified.tls.required = true;
  EXPECT_NO_THROW(Connection{unverified});
}

TEST_F(MysqlTls, a_certificate_for_another_name_is_refused) {
  make_certificates("ours", "elsewhere", "DNS:elsewhere.example");
  const auto server = start("elsewhere");
  EXPECT_THROW(Connection(endpoint(server, "ours.pem")), base::Error);
}

}  // namespace
}  // namespace wherry::stores::mysql
