import Commands
import KafkaBackbone
import Model
import Scenarios

/// Secrets are read where a client is made, and stand nowhere else: not in the scenario, and so
/// neither in its copies nor in the history.
extension KafkaSystem {
  func clientOptions(_ given: [NamedText]) throws(Problems) -> [KafkaOption] {
    var options: [KafkaOption] = []
    for option in given {
      guard isSecretOption(option.name) else {
        options.append(KafkaOption(option.name, option.value))
        continue
      }
      let place: SecretPlace
      do throws(ValueRefusal) { place = try parseSecret(option.value) } catch {
        throw failure("\(option.name): \(error.message)")
      }
      options.append(try secret(option.name, place))
    }
    return options
  }

  func securityOptions(_ choice: SecurityChoice) throws(Problems) -> [KafkaOption] {
    if choice == SecurityChoice() { return [] }
    var options: [KafkaOption] = []
    let kind = choice.mechanism == nil ? "" : "sasl_"
    let transport = choice.tls ? "ssl" : "plaintext"
    options.append(KafkaOption("security.protocol", kind + transport))
    if let authority = choice.authority {
      options.append(KafkaOption("ssl.ca.location", authority))
    }
    if let mechanism = choice.mechanism {
      options.append(KafkaOption("sasl.mechanism", mechanism))
    }
    if let user = choice.user { options.append(try secret("sasl.username", user)) }
    if let password = choice.password { options.append(try secret("sasl.password", password)) }
    return options
  }

  private func secret(_ name: String, _ place: SecretPlace) throws(Problems) -> KafkaOption {
    switch place {
    case .environment(let variableName):
      guard let value = variable(variableName) else {
        throw failure(
          "\(name) is to be read from \(variableName), which is not set",
          hint: "set it in the environment of weir")
      }
      return KafkaOption(name, value, isSecret: true)
    case .file(let path):
      var value = try Files.text(path, limit: 1 << 16)
      while value.last == "\n" || value.last == "\r\n" { value.removeLast() }
      return KafkaOption(name, value, isSecret: true)
    }
  }
}
