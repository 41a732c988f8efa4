//! Reads `{"fields": {name: "bytes" | "bool"}, "filters": [text], "requests": [{name: value}]}` and prints, for each
//! filter, whether it matches each request.

use serde_json::{from_reader, to_string, Map, Value};
use std::error::Error;
use wirefilter::{ExecutionContext, Scheme, Type};

fn main() -> Result<(), Box<dyn Error>> {
    let input: Value = from_reader(std::io::stdin())?;
    let mut scheme = Scheme::new();
    for (name, kind) in object(&input["fields"])? {
        let kind = if kind == "bool" { Type::Bool } else { Type::Bytes };
        scheme.add_field(name.clone(), kind).map_err(|error| error.to_string())?;
    }
    let requests = array(&input["requests"])?;
    let mut answers = Vec::new();
    for filter in array(&input["filters"])? {
        let text = filter.as_str().ok_or("a filter is no text")?;
        let filter = scheme.parse(text).map_err(|error| error.to_string())?.compile();
        let mut matches = Vec::new();
        for request in requests {
            let mut context = ExecutionContext::new(&scheme);
            for (name, value) in object(request)? {
                let set = match value {
                    Value::Bool(value) => context.set_field_value(name, *value),
                    Value::String(value) => context.set_field_value(name, value.as_str()),
                    _ => return Err(format!("{name} is neither text nor a truth").into()),
                };
                set.map_err(|error| error.to_string())?;
            }
            matches.push(filter.execute(&context).map_err(|error| error.to_string())?);
        }
        answers.push(matches);
    }
    println!("{}", to_string(&answers)?);
    Ok(())
}

fn object(value: &Value) -> Result<&Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("expected an object, got {value}"))
}

fn array(value: &Value) -> Result<&Vec<Value>, String> {
    value.as_array().ok_or_else(|| format!("expected a list, got {value}"))
}
