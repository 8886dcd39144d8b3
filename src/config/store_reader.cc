#include "config/store_reader.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "config/dsn.h"

namespace wherry::config {

namespace {

constexpr std::string_view path_form = "a path";
constexpr std::array<std::string_view, 10> mysql_keys{
    "host",          "port", "socket",   "user",          "password_env",
    "password_file", "tls",  "compress", "new_log_every", "read_from"};
constexpr std::array<std::string_view, 2> mysql_source_keys{"new_log_every", "read_from"};
constexpr std::array<std::string_view, 3> file_keys{"path", "deletes", "max_deletes"};

bool is_variable_name(const std::string& text) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0])) != 0) return false;
  return std::ranges::all_of(text,
                             [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

// Reads one `source` or `target`. Values that may be a misplaced password are never quoted.
class StoreReader {
 public:
  StoreReader(const Field& field, Side side, const std::filesystem::path& folder, Reader& reader)
      : field_(field),
        side_(side),
        folder_(folder),
        reader_(reader),
        keys_(field, "keys such as type, host and user", reader) {}

  std::optional<Store> read() {
    if (!keys_.usable()) return std::nullopt;
    Field given_type = keys_.get("type");
    const auto type = reader_.choice(given_type, {"mysql", "file"});
    Field given_dsn = keys_.get("dsn");
    read_dsn(given_dsn);
    std::string kind;
    if (type) kind = *type == 0 ? "mysql" : "file";
    if (dsn_) {
      if (!kind.empty() && kind != dsn_->scheme) {
        problem(given_dsn.place(), "config.conflicting_keys",
                fmt::format("{}.type says {}, the dsn {}", field_.path, kind, dsn_->scheme),
                "leave type out, the dsn tells it");
        return std::nullopt;
      }
      kind = dsn_->scheme;
    }
    if (kind.empty()) {
      if (!given_type && !given_dsn) {
        problem(field_.place(), "config.missing_key",
                fmt::format("key 'type' is missing in {}", field_.path),
                "add type: mysql or type: file, or a dsn");
      }
      return std::nullopt;  // which other keys are right depends on it
    }
    std::optional<Store> store;
    if (kind == "mysql") {
      reject_keys_of("file", file_keys);
      store = read_mysql();
    } else {
      reject_keys_of("mysql", mysql_keys);
      store = read_file();
    }
    keys_.finish();
    return store;
  }

  // A server that is no store of its own: what it does not say of the account it takes from the
  // store's.
  std::optional<MysqlServer> read_server_beside(const MysqlServer& store) {
    if (!keys_.usable()) return std::nullopt;
    MysqlServer server;
    server.user = store.user;
    read_server(server, !store.user.empty());
    const bool own_password =
        keys_.get("password_env") || keys_.get("password_file") || keys_.get("password");
    server.password = own_password ? read_password() : store.password;
    server.tls = keys_.get("tls") ? read_tls() : store.tls;
    server.compress = reader_.boolean(keys_.get("compress")).value_or(store.compress);
    keys_.finish();
    return server;
  }

 private:
  void problem(Place place, std::string code, std::string message, std::string hint) {
    reader_.problems().add(place, std::move(code), std::move(message), std::move(hint));
  }

  void read_dsn(const Field& field) {
    const auto text = reader_.text(field, "an address such as mysql://user@host:3306");
    if (!text) return;
    auto parsed = parse_dsn(*text);
    if (auto* error = std::get_if<DsnError>(&parsed)) {
      problem(field.place(), error->code, fmt::format("{}.{}", field_.path, error->message),
              error->hint);
      return;
    }
    dsn_ = std::get<Dsn>(std::move(parsed));
    dsn_place_ = field.place();
  }

  template <std::size_t N>
  void reject_keys_of(std::string_view kind, const std::array<std::string_view, N>& names) {
    for (const std::string_view name : names) {
      if (!keys_.get(name)) continue;
      problem(keys_.key_place(name), "config.wrong_store_key",
              fmt::format("key '{}' belongs to a {} store, {} is none", name, kind, field_.path),
              "remove it");
    }
  }

  // A value that is in the map or in the dsn. Options of the dsn are read as if they stood in the
  // map.
  Field given(Keys& keys, std::string_view key, std::string_view option) {
    Field field = keys.get(key);
    if (!dsn_) return field;
    const auto found = dsn_->options.find(std::string(option));
    if (found == dsn_->options.end()) return field;
    if (field) conflict(keys.key_place(key), key);
    Node& node = option_nodes_.at(used_options_++);
    node.kind = Node::Kind::scalar;
    node.place = dsn_place_;
    node.scalar = found->second;
    dsn_->options.erase(found);
    return {&node, field.path};
  }

  void conflict(Place place, std::string_view key) {
    problem(place, "config.conflicting_keys",
            fmt::format("{}: '{}' is given here and in the dsn", field_.path, key),
            "give it in one place");
  }

  std::optional<Store> read_mysql() {
    MysqlStore store;
    read_server(store, false);
    store.password = read_password();
    store.tls = read_tls();
    store.compress = reader_.boolean(keys_.get("compress")).value_or(false);
    read_source_keys(store);
    if (dsn_ && !dsn_->options.empty()) {
      problem(dsn_place_, "config.bad_dsn",
              fmt::format("{}.dsn: an option is unknown", field_.path),
              "known: socket, password_env, password_file, tls_ca, tls_cert, tls_key, tls_verify, "
              "tls_required");
    }
    return store;
  }

  void read_server(MysqlServer& store, bool has_user) {
    const Field host = keys_.get("host");
    const Field port = keys_.get("port");
    const Field user = keys_.get("user");
    const Field socket = given(keys_, "socket", "socket");
    if (dsn_) {
      if (host) conflict(keys_.key_place("host"), "host");
      if (port) conflict(keys_.key_place("port"), "port");
      if (user && !dsn_->user.empty()) conflict(keys_.key_place("user"), "user");
    }
    if (auto text = reader_.text(host, "a host name or address")) {
      if (text->find("://") != std::string::npos || text->find('@') != std::string::npos) {
        problem(host.place(), "config.bad_value", host.path + ": this is no host name",
                "write a whole address as dsn: mysql://user@host:3306");
      } else {
        store.host = *text;
      }
    }
    if (auto number = reader_.whole(port, 1, 65535)) {
      store.port = static_cast<std::uint16_t>(*number);
    }
    if (auto path = read_path(socket, folder_, reader_)) store.socket = *path;
    if (auto text = reader_.text(user, "an account name")) store.user = *text;
    if (dsn_) take_from_dsn(store);

    const bool by_socket = static_cast<bool>(socket);
    const bool by_host = host || (dsn_ && !dsn_->host.empty());
    if (by_socket && by_host) {
      problem(socket.place(), "config.conflicting_keys",
              fmt::format("{}: host and socket are both given", field_.path), "keep one of them");
    } else if (!by_socket && !by_host) {
      problem(field_.place(), "config.missing_key", fmt::format("{} names no server", field_.path),
              "add host: NAME, socket: PATH or dsn: mysql://user@host:3306");
    }
    if (!has_user && !user && (!dsn_ || dsn_->user.empty())) {
      problem(field_.place(), "config.missing_key",
              fmt::format("key 'user' is missing in {}", field_.path), "add user: NAME");
    }
  }

  void read_source_keys(MysqlStore& store) {
    for (const std::string_view key : mysql_source_keys) {
      if (side_ == Side::source || !keys_.get(key)) continue;
      problem(keys_.key_place(key), "config.wrong_store_key",
              fmt::format("key '{}' has no meaning at the target", key), "move it to source");
    }
    if (auto every = reader_.duration(keys_.get("new_log_every"))) store.new_log_every = *every;
    if (const Field beside = keys_.get("read_from")) {
      store.read_from = StoreReader(beside, side_, folder_, reader_).read_server_beside(store);
    }
  }

  void take_from_dsn(MysqlServer& store) {
    if (!dsn_->user.empty()) store.user = dsn_->user;
    if (!dsn_->host.empty()) store.host = dsn_->host;
    if (!dsn_->port) return;
    Node node;
    node.kind = Node::Kind::scalar;
    node.place = dsn_place_;
    node.scalar = *dsn_->port;
    if (auto number = reader_.whole({&node, field_.path + ".dsn, its port"}, 1, 65535)) {
      store.port = static_cast<std::uint16_t>(*number);
    }
  }

  Secret read_password() {
    bool inline_password = static_cast<bool>(keys_.get("password"));
    Place inline_place = keys_.key_place("password");
    if (dsn_ && dsn_->options.erase("password") > 0) {
      inline_password = true;
      inline_place = dsn_place_;
    }
    if (inline_password) {
      problem(inline_place, "config.inline_password",
              fmt::format("{}: a password must not stand in the file", field_.path),
              "use password_env: NAME or password_file: PATH");
    }
    const Field variable = given(keys_, "password_env", "password_env");
    const Field file = given(keys_, "password_file", "password_file");
    if (variable && file) {
      problem(file.place(), "config.conflicting_keys",
              fmt::format("{}: password_env and password_file are both given", field_.path),
              "keep one of them");
      return {};
    }
    if (auto name = reader_.text(variable, "the name of an environment variable")) {
      if (is_variable_name(*name)) return Secret::from_environment(*name);
      problem(variable.place(), "config.bad_value",
              variable.path + ": this is no name of an environment variable",
              "expected letters, digits and _, such as SHOP_PASSWORD; not the password itself");
    }
    if (auto path = read_path(file, folder_, reader_)) return Secret::from_file(*path);
    return {};
  }

  Tls read_tls() {
    Tls tls;
    const Field section = keys_.get("tls");
    Keys keys(section, "keys such as ca and verify", reader_);
    const Field ca = given(keys, "ca", "tls_ca");
    const Field cert = given(keys, "cert", "tls_cert");
    const Field key = given(keys, "key", "tls_key");
    const Field verify = given(keys, "verify", "tls_verify");
    const Field required = given(keys, "required", "tls_required");
    if (auto path = read_path(ca, folder_, reader_)) tls.ca = *path;
    if (auto path = read_path(cert, folder_, reader_)) tls.cert = *path;
    if (auto path = read_path(key, folder_, reader_)) tls.key = *path;
    const bool any = section || ca || cert || key || verify || required;
    tls.verify = reader_.boolean(verify).value_or(static_cast<bool>(ca));
    tls.required = reader_.boolean(required).value_or(any);
    if (static_cast<bool>(cert) != static_cast<bool>(key)) {
      problem(cert ? cert.place() : key.place(), "config.missing_key",
              fmt::format("{}.tls: a client certificate needs both cert and key", field_.path),
              cert ? "add key: PATH" : "add cert: PATH");
    }
    if (tls.verify && !tls.required) {
      problem(required.place(), "config.conflicting_keys",
              fmt::format("{}.tls: verify has no effect when TLS is not required", field_.path),
              "remove required: false, or say verify: false");
    }
    keys.finish();
    return tls;
  }

  std::optional<Store> read_file() {
    FileStore store;
    const Field path = dsn_ ? keys_.get("path") : keys_.required("path", "add path: /a/folder");
    if (dsn_ && path) conflict(keys_.key_place("path"), "path");
    if (dsn_) store.path = std::filesystem::path(dsn_->path).lexically_normal();
    if (auto given_path = read_path(path, folder_, reader_)) store.path = *given_path;
    if (dsn_ && !dsn_->options.empty()) {
      problem(dsn_place_, "config.bad_dsn",
              fmt::format("{}.dsn: a file address takes no options", field_.path),
              "remove what follows '?'");
    }
    const Field deletes = keys_.get("deletes");
    const Field most = keys_.get("max_deletes");
    for (const std::string_view key : {"deletes", "max_deletes"}) {
      if (side_ == Side::target || !keys_.get(key)) continue;
      problem(keys_.key_place(key), "config.wrong_store_key",
              fmt::format("key '{}' has no meaning at the source", key), "move it to target");
    }
    if (auto word = reader_.choice(deletes, {"keep", "propagate"})) {
      store.deletes = *word == 0 ? Deletes::keep : Deletes::propagate;
    }
    if (auto number = reader_.whole(most, 1, UINT64_MAX)) {
      store.max_deletes = *number;
      if (store.deletes == Deletes::keep) {
        problem(keys_.key_place("max_deletes"), "config.conflicting_keys",
                fmt::format("{}: max_deletes has no effect when deletes are kept", field_.path),
                "add deletes: propagate, or remove it");
      }
    }
    return store;
  }

  const Field& field_;
  Side side_;
  const std::filesystem::path& folder_;
  Reader& reader_;
  Keys keys_;
  std::optional<Dsn> dsn_;
  Place dsn_place_;
  std::array<Node, 8> option_nodes_;  // one for each option a dsn can have
  std::size_t used_options_ = 0;
};

}  // namespace

std::optional<Store> read_store(const Field& field, Side side, const std::filesystem::path& folder,
                                Reader& reader) {
  return StoreReader(field, side, folder, reader).read();
}

std::optional<std::filesystem::path> read_path(const Field& field,
                                               const std::filesystem::path& folder,
                                               Reader& reader) {
  const auto text = reader.text(field, path_form);
  if (!text) return std::nullopt;
  if (text->starts_with('~')) {
    reader.bad_value(field, *text, "a path without ~, which is not expanded");
    return std::nullopt;
  }
  std::filesystem::path path = (folder / *text).lexically_normal();
  // "/a/b/" and "/a/b" are one folder.
  if (!path.has_filename() && path.has_relative_path()) path = path.parent_path();
  return path;
}

}  // namespace wherry::config
