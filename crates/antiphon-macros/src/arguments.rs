//! The parameters of a tool's function: those the model fills, and the context.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, format_ident, quote};
use syn::{
    Attribute, Error, FnArg, LitStr, Pat, PatType, Result, Signature, Type, ext::IdentExt as _,
};

use crate::expand::local;

/// A parameter as the function is called with it.
enum Parameter {
    /// Filled by the model.
    Argument { name: Ident, ty: Box<Type>, attributes: Vec<TokenStream> },
    /// The call's context, perhaps by reference.
    Context { by_reference: bool },
}

/// The parameters after `&self`.
pub(crate) struct Arguments {
    parameters: Vec<Parameter>,
    type_name: Ident,
}

impl Arguments {
    /// Reads the parameters of `signature`, and takes from them what is meant for the schema.
    pub(crate) fn take(signature: &mut Signature) -> Result<Self> {
        let mut errors: Option<Error> = None;
        let mut parameters = Vec::new();
        for input in &mut signature.inputs {
            let FnArg::Typed(typed) = input else { continue };
            match parameter(typed) {
                Ok(parameter) => parameters.push(parameter),
                Err(error) => match &mut errors {
                    Some(errors) => errors.combine(error),
                    None => errors = Some(error),
                },
            }
        }
        let contexts = parameters.iter().filter(|p| matches!(p, Parameter::Context { .. }));
        if errors.is_none() && contexts.count() > 1 {
            let what = "one `RunContext` is enough: take it once";
            errors = Some(Error::new_spanned(&signature.inputs, what));
        }
        let type_name = format_ident!("{}Arguments", type_name(&signature.ident));
        errors.map_or(Ok(Self { parameters, type_name }), Err)
    }

    /// The name of [`definition`](Self::definition).
    pub(crate) const fn type_name(&self) -> &Ident {
        &self.type_name
    }

    /// The type that the arguments are read into.
    pub(crate) fn definition(&self, root: &TokenStream) -> TokenStream {
        let private = quote!(#root::__private);
        let serde = path_text(&quote!(#private::serde));
        let schemars = path_text(&quote!(#private::schemars));
        let name = &self.type_name;
        let fields = self.parameters.iter().filter_map(|parameter| match parameter {
            Parameter::Argument { name, ty, attributes } => {
                Some(quote!(#(#attributes)* #name: #ty))
            }
            Parameter::Context { .. } => None,
        });
        quote! {
            #[derive(#private::serde::Deserialize, #private::schemars::JsonSchema)]
            #[serde(crate = #serde, deny_unknown_fields)]
            #[schemars(crate = #schemars)]
            struct #name { #(#fields,)* }
        }
    }

    /// What the function is called with, out of `arguments` and `context`.
    pub(crate) fn values(&self) -> TokenStream {
        let (context, arguments) = (local("context"), local("arguments"));
        let values = self.parameters.iter().map(|parameter| match parameter {
            Parameter::Argument { name, .. } => quote!(#arguments.#name),
            Parameter::Context { by_reference: true } => quote!(&#context),
            Parameter::Context { by_reference: false } => {
                quote!(::core::clone::Clone::clone(&#context))
            }
        });
        quote!(#(#values),*)
    }
}

fn parameter(typed: &mut PatType) -> Result<Parameter> {
    let reference =
        if let Type::Reference(reference) = &*typed.ty { Some(reference) } else { None };
    let by_reference = reference.is_some();
    let inner = reference.map_or(&*typed.ty, |reference| &*reference.elem);
    let path = if let Type::Path(path) = inner { path.path.segments.last() } else { None };
    if path.is_some_and(|last| last.ident == "RunContext") {
        return Ok(Parameter::Context { by_reference });
    }
    let attributes = take_attributes(&mut typed.attrs)?;
    let Pat::Ident(name) = &*typed.pat else {
        let what = "the model fills arguments by name: give this one a plain name";
        return Err(Error::new_spanned(&typed.pat, what));
    };
    let ty = &typed.ty;
    if by_reference {
        let owned = match inner.to_token_stream().to_string().as_str() {
            "str" => "String".to_owned(),
            other => other.replace(' ', ""),
        };
        let what = format!("an argument is read from JSON and must be owned: take `{owned}`");
        return Err(Error::new_spanned(ty, what));
    }
    if let Type::ImplTrait(_) = &**ty {
        let what = "an argument is read from JSON and needs a concrete type";
        return Err(Error::new_spanned(ty, what));
    }
    Ok(Parameter::Argument { name: name.ident.clone(), ty: ty.clone(), attributes })
}

/// Moves from a parameter to a field what describes it.
fn take_attributes(attributes: &mut Vec<Attribute>) -> Result<Vec<TokenStream>> {
    let (field, rest): (Vec<_>, Vec<_>) = attributes.drain(..).partition(|a| {
        ["doc", "arg", "serde", "schemars"].iter().any(|name| a.path().is_ident(name))
    });
    *attributes = rest;
    let moved = field.into_iter().map(|attribute| {
        if !attribute.path().is_ident("arg") {
            return Ok(attribute.to_token_stream());
        }
        let text: LitStr = attribute.parse_args().map_err(|_| {
            let what = "write `#[arg(\"what the model should know about it\")]`";
            Error::new_spanned(&attribute, what)
        })?;
        Ok(quote!(#[doc = #text]))
    });
    moved.collect()
}

fn path_text(path: &TokenStream) -> String {
    path.to_string().replace(' ', "")
}

/// `weather` to `WeatherTool`.
pub(crate) fn type_name(function: &Ident) -> Ident {
    let name = function.unraw().to_string();
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    });
    Ident::new(&format!("{}Tool", words.flatten().collect::<String>()), function.span())
}
