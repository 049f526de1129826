//! What the attributes write.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{
    Attribute, Error, Expr, ImplItem, ItemFn, ItemImpl, Lit, Meta, ReceiverKind, Result,
    ReturnType, Signature, Type, ext::IdentExt as _, spanned::Spanned as _,
};

use crate::{
    arguments::{Arguments, type_name},
    options::Options,
};

/// `#[tool]` on a function. `root` is the path under which the user sees the tools crate.
pub(crate) fn function(root: TokenStream, options: TokenStream, item: TokenStream) -> TokenStream {
    let mut function: ItemFn = match syn::parse2(item) {
        Ok(function) => function,
        Err(_) => {
            let what = "`#[tool]` goes on an async function; for methods see `#[tools]`";
            return Error::new(Span::call_site(), what).into_compile_error();
        }
    };
    match try_function(&root, options, &mut function) {
        Ok(tool) => quote!(#function #tool),
        Err(error) => {
            let error = error.into_compile_error();
            quote!(#function #error)
        }
    }
}

fn try_function(
    root: &TokenStream,
    options: TokenStream,
    function: &mut ItemFn,
) -> Result<TokenStream> {
    if let Some(receiver) = function.sig.receiver() {
        let what = "a method becomes a tool by `#[tools]` on its impl block, \
                    with `#[tool]` inside";
        return Err(Error::new_spanned(receiver, what));
    }
    let ident = function.sig.ident.clone();
    let tool = Tool::read(options, &function.attrs, &mut function.sig)?;
    let value = tool.value(root, &quote!(), &quote!(#ident));
    let (visibility, name) = (&function.vis, type_name(&ident));
    let docs = function.attrs.iter().filter(|a| a.path().is_ident("doc"));
    Ok(quote! {
        #(#docs)*
        #[derive(Clone, Copy, Debug)]
        #visibility struct #name;

        const _: () = {
            static TOOL: ::std::sync::LazyLock<#root::FunctionTool> =
                ::std::sync::LazyLock::new(|| #value);

            #[automatically_derived]
            impl #root::Tool for #name {
                fn spec(&self) -> #root::ToolSpec {
                    #root::Tool::spec(&*TOOL)
                }

                fn call(
                    &self,
                    context: #root::RunContext,
                    arguments: #root::__private::Value,
                ) -> #root::__private::BoxFuture<'static, #root::ToolAnswer> {
                    #root::Tool::call(&*TOOL, context, arguments)
                }
            }
        };
    })
}

/// `#[tools]` on an impl block.
pub(crate) fn methods(root: TokenStream, options: TokenStream, item: TokenStream) -> TokenStream {
    let mut block: ItemImpl = match syn::parse2(item) {
        Ok(block) => block,
        Err(_) => {
            let what = "`#[tools]` goes on an impl block; for a function see `#[tool]`";
            return Error::new(Span::call_site(), what).into_compile_error();
        }
    };
    if !options.is_empty() {
        let what = "`#[tools]` has no options: write them on each `#[tool(..)]`";
        let error = Error::new_spanned(options, what).into_compile_error();
        return quote!(#block #error);
    }
    match try_methods(&root, &mut block) {
        Ok(tools) => quote!(#block #tools),
        Err(error) => {
            let error = error.into_compile_error();
            quote!(#block #error)
        }
    }
}

fn try_methods(root: &TokenStream, block: &mut ItemImpl) -> Result<TokenStream> {
    let mut values = Vec::new();
    let mut errors: Option<Error> = None;
    for item in &mut block.items {
        let ImplItem::Fn(method) = item else { continue };
        let Some(options) = take_tool(&mut method.attrs) else { continue };
        match method_value(root, options, &method.attrs, &mut method.sig) {
            Ok(value) => values.push(value),
            Err(error) => match &mut errors {
                Some(errors) => errors.combine(error),
                None => errors = Some(error),
            },
        }
    }
    if let Some(errors) = errors {
        return Err(errors);
    }
    if values.is_empty() {
        let what = "no method is a tool: mark those that are with `#[tool]`";
        return Err(Error::new_spanned(&block.self_ty, what));
    }
    let (generics, _, conditions) = block.generics.split_for_impl();
    let (ty, this) = (&block.self_ty, local("this"));
    Ok(quote! {
        #[automatically_derived]
        impl #generics #root::Tools for #ty #conditions {
            fn into_tools(self) -> ::std::vec::Vec<::std::sync::Arc<dyn #root::Tool>> {
                let #this = ::std::sync::Arc::new(self);
                ::std::vec![#(::std::sync::Arc::new(#values)),*]
            }
        }
    })
}

fn method_value(
    root: &TokenStream,
    options: TokenStream,
    attributes: &[Attribute],
    signature: &mut Signature,
) -> Result<TokenStream> {
    let shared = signature
        .receiver()
        .is_some_and(|receiver| matches!(receiver.kind, ReceiverKind::Reference(_, _, None)));
    if !shared {
        let what = "a tool takes `&self`: several calls may run at the same time";
        return Err(Error::new_spanned(&signature.inputs, what));
    }
    let ident = signature.ident.clone();
    let tool = Tool::read(options, attributes, signature)?;
    let this = local("this");
    let capture = quote!(let #this = ::std::sync::Arc::clone(&#this););
    Ok(tool.value(root, &capture, &quote!(#this.#ident)))
}

/// Takes `#[tool(..)]` off a method.
fn take_tool(attributes: &mut Vec<Attribute>) -> Option<TokenStream> {
    let ours = |a: &Attribute| a.path().segments.last().is_some_and(|last| last.ident == "tool");
    let found = attributes.iter().position(ours)?;
    match attributes.remove(found).meta {
        Meta::List(list) => Some(list.tokens),
        Meta::Path(_) | Meta::NameValue(_) => Some(TokenStream::new()),
    }
}

/// A function or method, read.
struct Tool {
    name: String,
    description: String,
    options: Options,
    arguments: Arguments,
    output: ReturnType,
}

impl Tool {
    fn read(
        options: TokenStream,
        attributes: &[Attribute],
        signature: &mut Signature,
    ) -> Result<Self> {
        // Before anything can fail: what stays of the function must compile without us.
        let arguments = Arguments::take(signature);
        let options = Options::parse(options)?;
        let arguments = arguments?;
        if signature.asyncness.is_some() == options.blocking {
            let what = if options.blocking {
                "a blocking tool is a plain function: remove `async` or the option `blocking`"
            } else {
                "a tool is an `async fn`; for one that blocks write `#[tool(blocking)]`"
            };
            return Err(Error::new_spanned(signature.fn_token, what));
        }
        if !signature.generics.params.is_empty() {
            let what = "a tool has one schema, so it cannot be generic";
            return Err(Error::new_spanned(&signature.generics, what));
        }
        let description = description(attributes);
        if description.is_empty() {
            let what = "a tool needs a doc comment: the model decides by it when to call";
            return Err(Error::new_spanned(&signature.ident, what));
        }
        let name = options.name.clone().unwrap_or_else(|| signature.ident.unraw().to_string());
        Ok(Self { name, description, options, arguments, output: signature.output.clone() })
    }

    /// An expression: the tool, made of calls of `function`. `capture` is run wherever what
    /// `function` names has to be at hand.
    fn value(
        &self,
        root: &TokenStream,
        capture: &TokenStream,
        function: &TokenStream,
    ) -> TokenStream {
        let Self { name, description, options, arguments, output } = self;
        let (definition, ty) = (arguments.definition(root), arguments.type_name());
        let (values, settings) = (arguments.values(), options.settings(root));
        let (context, filled) = (local("context"), local("arguments"));
        let answers = answers(root, output);
        let (constructor, body) = if options.blocking {
            (quote!(blocking), quote!(#function(#values)))
        } else {
            (quote!(new), quote!({ #capture async move { #function(#values).await } }))
        };
        quote!({
            #definition
            #answers
            #capture
            #root::FunctionTool::#constructor(
                #root::ToolSpec::new(#name, #description) #settings,
                move |#context: #root::RunContext, #filled: #ty| {
                    let _ = (&#context, &#filled);
                    #body
                },
            )
        })
    }
}

/// A variable of ours, which no function or variable of the user's can be taken for.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// Has the compiler name the return type, not our code, if it is no answer.
fn answers(root: &TokenStream, output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Type(_, ty) if !matches!(**ty, Type::ImplTrait(_)) => {
            quote_spanned!(ty.span()=> #root::__private::answers::<#ty>();)
        }
        ReturnType::Type(..) | ReturnType::Default => TokenStream::new(),
    }
}

/// The text of the doc comment.
fn description(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else { return None };
        let Expr::Lit(literal) = &pair.value else { return None };
        let Lit::Str(text) = &literal.lit else { return None };
        pair.path.is_ident("doc").then(|| text.value())
    });
    let lines = lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}
