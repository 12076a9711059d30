//! A value in a PostgreSQL database.

mod tls;

use std::error::Error as _;
use std::time::Duration;

use tokio::runtime;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, Error, NoTls, Row};

use self::tls::Tls;
use super::{Patience, SourceError};
use crate::http::explain_tls;
use crate::model::{Database, Fact, Facts};

/// The most characters of a value that the server sends.
const LARGEST: u32 = 1000;
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_millis(100);

/// Asks the database for what its query finds of the caller.
pub(super) fn ask(
    database: &Database,
    password: Option<&str>,
    facts: &Facts,
    patience: Patience,
) -> Result<Option<String>, SourceError> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| unreachable(database, error.to_string()))?;
    let answered = runtime.block_on(async {
        let asked = answer(database, password, facts, patience);
        timeout(patience.left(), asked).await
    });
    // A name that is being looked up is not waited for.
    runtime.shutdown_background();
    match answered {
        Ok(Err(error)) => Err(explain(error, database, patience)),
        Ok(Ok(rows)) => one_value(&rows),
        Err(_) => Err(SourceError::TimedOut(patience.whole)),
    }
}

/// What went wrong on the way to an answer.
enum Trouble {
    /// No authority can be believed.
    Authorities(anyhow::Error),
    /// The database, or the way to it.
    Postgres(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Postgres(error)
    }
}

async fn answer(
    database: &Database,
    password: Option<&str>,
    facts: &Facts,
    patience: Patience,
) -> Result<Vec<Row>, Trouble> {
    let session = connect(database, password).await?;
    let found = find(&session.client, &database.query, facts, patience).await;
    session.end().await;
    Ok(found?)
}

async fn find(
    client: &Client,
    query: &str,
    facts: &Facts,
    patience: Patience,
) -> Result<Vec<Row>, Error> {
    // Whatever the query does, it changes nothing, and the server does not go on when we have gone.
    let bounds = format!(
        "BEGIN READ ONLY; SET LOCAL statement_timeout = {}",
        patience.left().as_millis().max(1)
    );
    client.batch_execute(&bounds).await?;
    let (query, asked) = bound(query);
    let texts: Vec<Text<'_>> = asked.iter().map(|fact| Text::of(facts, *fact)).collect();
    let typed = |text| (text as &(dyn ToSql + Sync), Type::UNKNOWN);
    let parameters: Vec<_> = texts.iter().map(typed).collect();
    client.query_typed(&query, &parameters).await
}

/// A connection to a database.
struct Session {
    client: Client,
    /// What carries its messages, until there is no client any more.
    connection: JoinHandle<Result<(), Error>>,
}

impl Session {
    /// Takes leave: a server writes down those who just hang up.
    async fn end(self) {
        drop(self.client);
        let _ = timeout(FAREWELL, self.connection).await;
    }
}

/// Connects, by TLS where the connection has to be secret.
async fn connect(database: &Database, password: Option<&str>) -> Result<Session, Trouble> {
    let mut config = Config::new();
    config
        .host(&database.host)
        .port(database.port)
        .dbname(&database.name)
        .user(&database.username)
        .application_name("Ringbook");
    if let Some(password) = password {
        config.password(password);
    }
    let (client, connection) = if database.tls {
        let tls = Tls::new(database.ca_file.as_deref()).map_err(Trouble::Authorities)?;
        config.ssl_mode(SslMode::Require);
        let (client, connection) = config.connect(tls).await?;
        (client, tokio::spawn(connection))
    } else {
        config.ssl_mode(SslMode::Disable);
        let (client, connection) = config.connect(NoTls).await?;
        (client, tokio::spawn(connection))
    };
    Ok(Session { client, connection })
}

/// The query with a parameter for each fact in its braces, and the facts in the parameters' order. It
/// stands inside another one that makes a text of the value and cannot but read.
fn bound(query: &str) -> (String, Vec<Fact>) {
    let mut asked = Vec::new();
    let mut numbered = query.trim_end().trim_end_matches(';').to_owned();
    for (word, fact) in Fact::WORDS {
        let braced = format!("{{{word}}}");
        if numbered.contains(&braced) {
            asked.push(fact);
            numbered = numbered.replace(&braced, &format!("${}", asked.len()));
        }
    }
    // The line's end ends a comment, too.
    let whole = format!(
        "SELECT left(value::text, {LARGEST}) FROM (\n{numbered}\n) AS source(value) LIMIT 2"
    );
    (whole, asked)
}

/// The value of the only row; none where there is no row or nothing in it.
fn one_value(rows: &[Row]) -> Result<Option<String>, SourceError> {
    match rows {
        [] => Ok(None),
        [row] => Ok(row.try_get(0).ok().flatten()),
        _ => Err(SourceError::SeveralRows),
    }
}

/// A parameter as text: the server reads it as whatever type the query has there.
#[derive(Debug)]
struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    fn of(facts: &'a Facts, fact: Fact) -> Self {
        Self(facts.get(&fact).map_or("", String::as_str))
    }
}

impl ToSql for Text<'_> {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

fn explain(trouble: Trouble, database: &Database, patience: Patience) -> SourceError {
    let error = match trouble {
        Trouble::Authorities(error) => return SourceError::Tls(format!("{error:#}")),
        Trouble::Postgres(error) => error,
    };
    if let Some(said) = error.as_db_error() {
        return refusal(said.code(), said.message(), database, patience);
    }
    let why = error
        .source()
        .map_or_else(|| error.to_string(), |source| source.to_string());
    if why == "password missing" {
        return SourceError::NoPassword(database.host.clone());
    }
    match tls::inner(&error) {
        Some(tls) => SourceError::Tls(explain_tls(tls, &database.host)),
        None => unreachable(database, why),
    }
}

/// What the server says. Its words on data would tell of the caller.
fn refusal(code: &SqlState, message: &str, database: &Database, patience: Patience) -> SourceError {
    match code.code() {
        "57014" => SourceError::TimedOut(patience.whole),
        "28P01" => SourceError::Refused(database.host.clone()),
        data if data.starts_with("22") => SourceError::Data(data.to_owned()),
        _ => SourceError::Database(message.to_owned()),
    }
}

fn unreachable(database: &Database, why: String) -> SourceError {
    SourceError::Unreachable {
        host: database.host.clone(),
        why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_the_caller_never_becomes_a_part_of_the_query() {
        let (query, asked) =
            bound("select '{}', {name} from a where n = {number} or m = {number}; ");
        assert_eq!(
            query,
            "SELECT left(value::text, 1000) FROM (\nselect '{}', $2 from a where n = $1 or m = $1\n) AS source(value) LIMIT 2"
        );
        assert_eq!(asked, [Fact::Number, Fact::Name]);
    }
}
