//! What a process runs, where its command line says it simply.

use std::path::Path;

use super::Process;

/// Java options whose value is the next argument (`java --help`).
const JAVA_OPTIONS_WITH_VALUE: [&str; 8] = [
    "-cp",
    "-classpath",
    "--class-path",
    "-p",
    "--module-path",
    "--upgrade-module-path",
    "--add-modules",
    "--enable-native-access",
];

/// Programs that run the file named by their first argument that is no option.
const INTERPRETERS: [&str; 8] = ["python", "node", "ruby", "perl", "php", "deno", "bash", "sh"];

/// The main class, script or program name behind `comm`; `None` where it would only repeat it.
pub fn program(process: &Process) -> Option<String> {
    let command_line = process.command_line.as_deref()?.trim();
    // Servers that set their own title: `nginx: worker process`.
    if let Some(title) = command_line.strip_prefix(&process.comm).and_then(|rest| rest.strip_prefix(": ")) {
        return Some(title.into());
    }
    let mut arguments = command_line.split_whitespace();
    let executable = file_name(arguments.next()?);
    let runs = if executable == "java" {
        main_class(arguments)
    } else if INTERPRETERS.contains(&executable.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')) {
        arguments.find(|argument| !argument.starts_with('-')).map(file_name)
    } else {
        Some(executable)
    };
    runs.filter(|&runs| runs != process.comm).map(String::from)
}

fn main_class<'a>(mut arguments: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    while let Some(argument) = arguments.next() {
        if argument == "-jar" {
            return arguments.next().map(file_name);
        } else if matches!(argument, "-m" | "--module") {
            return arguments.next();
        } else if JAVA_OPTIONS_WITH_VALUE.contains(&argument) {
            arguments.next();
        } else if !argument.starts_with(['-', '@']) {
            return Some(argument);
        }
    }
    None
}

fn file_name(path: &str) -> &str {
    Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Pid;

    fn program_of(comm: &str, command_line: &str) -> Option<String> {
        let process = Process {
            hostname: None,
            pid: Pid(1),
            comm: comm.into(),
            command_line: Some(command_line.into()),
            start_time_ns: 0,
        };
        program(&process)
    }

    #[test]
    fn a_java_process_is_its_main_class() {
        assert_eq!(program_of("java", "java -Xmx1g kafka.Kafka server.properties").unwrap(), "kafka.Kafka");
        let path = "/usr/lib/jvm/bin/java -cp /opt/kafka/libs/* -Dx=y kafka.Kafka config/server.properties";
        assert_eq!(program_of("java", path).unwrap(), "kafka.Kafka");
        assert_eq!(program_of("java", "java -Xmx1g -jar /srv/app-1.2.jar --port 80").unwrap(), "app-1.2.jar");
        assert_eq!(program_of("java", "java -version"), None);
    }

    #[test]
    fn an_interpreter_is_its_script_and_a_title_is_taken_as_it_is() {
        assert_eq!(program_of("python3", "/usr/bin/python3.11 -u /srv/files.py 80").unwrap(), "files.py");
        assert_eq!(program_of("node", "node --inspect server.js").unwrap(), "server.js");
        assert_eq!(program_of("nginx", "nginx: worker process").unwrap(), "worker process");
    }

    #[test]
    fn a_program_is_named_only_where_that_says_more() {
        assert_eq!(program_of("redis-server", "/usr/bin/redis-server *:6379"), None);
        assert_eq!(
            program_of("a-very-long-nam", "/opt/a-very-long-name-indeed -x").unwrap(),
            "a-very-long-name-indeed"
        );
        assert_eq!(program_of("x", ""), None);
    }
}
