#include "tests/support/compare.h"

#include "tests/support/program.h"

namespace wherry::tests {

Comparison compare_servers(const Server& left, const Server& right,
                           const std::vector<std::string>& what) {
  std::vector<std::string> command{"python3", std::string(WHERRY_TEST_SUPPORT_DIR) + "/compare.py",
                                   "--left",  left.socket(),
                                   "--right", right.socket()};
  command.insert(command.end(), what.begin(), what.end());
  const RunResult result = run(command);
  const Answer answer = result.exit_code == 0   ? Answer::equal
                        : result.exit_code == 1 ? Answer::different
                                                : Answer::could_not_compare;
  return {answer, result.output};
}

}  // namespace wherry::tests
